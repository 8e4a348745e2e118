/**
 * The ids of a run. A destination that starts empty gets those above the configuration's `label-offset`. In one that holds labels already
 * they are reserved once, and the run folder keeps which, so that a run that goes on, or stitches again, gives the same ids.
 */
import { fingerprint } from "../../checkpoint/index.ts";
import { getJson, putJson } from "../../keyvalue/index.ts";
import { idRules } from "../../store/index.ts";
import type { RunContext } from "./context.ts";
import { idTooHigh } from "./id-limits.ts";
import type { RunPlan } from "./plan.ts";

/** What the run folder keeps, from before the first id is used. */
interface IdRecord {
  readonly destination: string;
  /** Of what is written where: for other boxes the same ids would stand for other bodies. */
  readonly basis: string;
  /** In decimal digits. */
  readonly offset: string;
  /** So many ids above it are reserved; null: the destination was empty. */
  readonly reserved: number | null;
}

function recordKey(destination: string): string {
  return `ids/${fingerprint(destination).slice(0, 16)}.json`;
}

/** The number above which the ids of `segments` segments lie. `E_CONFIG_INVALID` when the destination cannot hold them. */
export async function chooseLabelOffset(
  { store, plan, config, emit, signal }: Pick<RunContext, "store" | "plan" | "config" | "emit" | "signal">,
  segments: number,
): Promise<bigint> {
  const { destination } = plan.output;
  const { highest, reserve } = await idRules(destination);
  // Ids of preserved bodies are passed over.
  const needed = segments + (plan.preserved?.bodies.length ?? 0);
  let offset = config.labelOffset;
  if (reserve !== null) {
    const key = recordKey(destination);
    const basis = basisOf(plan, config.labelOffset);
    const kept = await getJson<IdRecord>(store, key);
    if (kept?.basis === basis && (kept.reserved === null || kept.reserved >= needed)) {
      offset = BigInt(kept.offset);
    } else {
      const start = await reserve(needed, { signal });
      if (start !== null && offset !== 0n) {
        const message = `output ${destination} holds labels: the run's ids are those reserved there, above ${start}, and not those above label-offset`;
        emit({ event: "warning", message });
      }
      offset = start ?? offset;
      const record: IdRecord = { destination, basis, offset: String(offset), reserved: start === null ? null : needed };
      await putJson(store, key, record);
    }
  }
  if (highest !== null && offset + BigInt(needed) > highest) throw idTooHigh(destination, offset + BigInt(needed), highest);
  return offset;
}

function basisOf({ subvolumes, roiFingerprint, input }: RunPlan, labelOffset: bigint): string {
  const cores = subvolumes.map(({ core }) => core);
  return fingerprint({ what: "ids", cores, roi: roiFingerprint, bounds: input.info.bounds, labelOffset: String(labelOffset) });
}
