/** Broadcast values of the local engine: in a spill file each, read once by every worker thread that asks. */
import type { Broadcast } from "../types.ts";
import { loadRow, SpillWriter } from "./spill.ts";
import type { SpilledRow } from "./task.ts";

export async function saveBroadcast<T>(value: T, file: string): Promise<Broadcast<T>> {
  const row = await new SpillWriter(() => file).append(value, "broadcast", "value");
  return { broadcast: JSON.stringify(row) };
}

/** Of this thread, which belongs to one engine: names of spill files are used once. */
const cache = new Map<string, Promise<unknown>>();

export function loadBroadcast<T>({ broadcast }: Broadcast<T>): Promise<T> {
  let value = cache.get(broadcast);
  if (value === undefined) {
    value = loadRow(JSON.parse(broadcast) as SpilledRow);
    cache.set(broadcast, value);
  }
  return value as Promise<T>;
}
