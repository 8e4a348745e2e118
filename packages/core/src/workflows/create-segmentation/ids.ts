/**
 * The ids of a run: those above the configuration's `label-offset`. Where a destination is shared they are reserved once, and are others when it
 * holds labels already; the run folder keeps which, so that a run that goes on, or stitches again, gives the same ids.
 */
import type { CallOptions } from "../../call-options.ts";
import { fingerprint } from "../../checkpoint/index.ts";
import { getJson, type KeyValueStore, putJson } from "../../keyvalue/index.ts";
import { type IdRules, idRules } from "../../store/index.ts";
import type { RunContext } from "./context.ts";
import { idTooHigh } from "./id-limits.ts";
import { beginOutput, changedSinceDone } from "./output.ts";
import type { RunPlan } from "./plan.ts";

/** What the run folder keeps, from before the first id is used. */
interface IdRecord {
  readonly destination: string;
  /** Of what is written where: for other boxes the same ids would stand for other bodies. */
  readonly basis: string;
  /** In decimal digits. */
  readonly offset: string;
  /** So many ids above it are reserved. */
  readonly reserved: number;
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
  const rules = await idRules(destination, { signal });
  // Ids of preserved bodies are passed over.
  const needed = segments + (plan.preserved?.bodies.length ?? 0);
  const renew = rules.reserve !== null && (await changedSinceDone(store, destination));
  const wish = { destination, needed, offset: config.labelOffset, basis: basisOf(plan, config.labelOffset), renew };
  // Begun before: a destination in which ids are reserved may look like one that somebody else has written.
  const begin = async () => void (await beginOutput({ store, plan, config, signal }));
  const offset = await keepOffset(store, rules, wish, begin, { signal });
  if (offset !== config.labelOffset && config.labelOffset !== 0n) {
    const message = `output ${destination} holds labels: the ids of this run are those reserved there, above ${offset}, and not those above label-offset`;
    emit({ event: "warning", message });
  }
  return offset;
}

interface OffsetWish {
  readonly destination: string;
  readonly basis: string;
  /** So many ids, above this number where nothing speaks against it. */
  readonly needed: number;
  readonly offset: bigint;
  /** Not those that were reserved before: others may have merged them, so that they stand for other bodies now. */
  readonly renew: boolean;
}

/** The wished offset, or the one that is reserved, now or when this was asked before. @param begin called before ids are asked for. */
export async function keepOffset(
  store: KeyValueStore,
  { highest, reserve }: IdRules,
  { destination, basis, needed, offset: wished, renew }: OffsetWish,
  begin: () => Promise<void>,
  options: CallOptions = {},
): Promise<bigint> {
  const refuse = (last: bigint) => {
    if (highest !== null && last > highest) throw idTooHigh(destination, last, highest);
  };
  let offset = wished;
  if (reserve !== null && needed > 0) {
    const key = recordKey(destination);
    const kept = await getJson<IdRecord>(store, key, options);
    if (!renew && kept?.basis === basis && kept.reserved >= needed) {
      offset = BigInt(kept.offset);
    } else {
      refuse(wished + BigInt(needed)); // nothing is begun, nothing reserved then
      await store.delete(key);
      await begin();
      offset = await reserve(needed, wished, options);
      const record: IdRecord = { destination, basis, offset: String(offset), reserved: needed };
      await putJson(store, key, record, options);
    }
  }
  refuse(offset + BigInt(needed));
  return offset;
}

function basisOf({ subvolumes, roiFingerprint, input }: RunPlan, labelOffset: bigint): string {
  const cores = subvolumes.map(({ core }) => core);
  return fingerprint({ what: "ids", cores, roi: roiFingerprint, bounds: input.info.bounds, labelOffset: String(labelOffset) });
}
