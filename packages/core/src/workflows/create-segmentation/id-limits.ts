/** Ids that a destination cannot hold are refused before anything is written. */
import { AxonloomError } from "../../errors.ts";
import { idRules } from "../../store/index.ts";

/** Refuses label offsets and preserved ids that the destination cannot hold: `E_CONFIG_INVALID`. */
export async function checkIds(destination: string, labelOffset: bigint, preserved: BigUint64Array | null): Promise<void> {
  const { highest } = await idRules(destination);
  const largest = BigUint64Array.of(labelOffset, ...(preserved?.subarray(-1) ?? []))
    .sort()
    .at(-1)!;
  if (highest !== null && largest > highest) throw idTooHigh(destination, largest, highest);
}

export function idTooHigh(destination: string, found: bigint, highest: bigint): AxonloomError {
  return new AxonloomError(
    "E_CONFIG_INVALID",
    `output ${destination}: expected ids up to ${highest}, found ${found}; lower label-offset, or preserve other bodies`,
    { destination, highest: String(highest), found: String(found) },
  );
}
