/** The stages that resolve matches without the driver: rows are super-blocks (`super-blocks.ts`), the steps those of `stitch/contract.ts`. */
import { bytesFingerprint, type CheckpointName, loadCheckpoint } from "../../checkpoint/index.ts";
import type { Broadcast, Keyed, TaskContext } from "../../engine/types.ts";
import { AxonloomError } from "../../errors.ts";
import { openKeyValue } from "../../keyvalue/index.ts";
import { type Contracted, contract, type Share, settle, splitMapping, subvolumeOf } from "../../stitch/contract.ts";
import type { LocalMapping, Mapping } from "../../stitch/resolve.ts";
import { sortedUnique } from "../../stitch/sorted.ts";
import { bytesOf } from "../../volume/block.ts";
import type { FaceMatches } from "./stitch-stages.ts";
import { blockKey, keyAround, type SuperBlocks } from "./super-blocks.ts";
import type { WriteTask } from "./write-stage.ts";

export interface BlockParams {
  readonly blocks: Broadcast<SuperBlocks>;
  readonly level: number;
}

const NONE = new Float64Array(0);
const NOTHING: Mapping = { members: NONE, smallest: NONE };
const NO_PART: LocalMapping = { members: new Uint32Array(0), roots: NONE };

/** The matches of a face, to the super-block of that level in which both sides lie. */
export async function meetMatches(row: FaceMatches, { blocks, level }: BlockParams, context: TaskContext): Promise<Keyed<Share>[]> {
  const table = await context.broadcast(blocks);
  const [a, b] = indicesOf(row, table);
  const share = { a, b, leaving: NONE, until: new Uint8Array(0), matches: a.length };
  return [{ key: blockKey(table, row.a, level), value: share }];
}

/** Says to the smallest super-blocks of both sides which of their segments have matches at that level. */
export async function leaveMatches(
  row: FaceMatches,
  { blocks, level }: BlockParams,
  context: TaskContext,
): Promise<Keyed<Share>[]> {
  const table = await context.broadcast(blocks);
  const [a, b] = indicesOf(row, table);
  const until = new Uint8Array(a.length).fill(level);
  const leave = (subvolume: number, leaving: Float64Array) => {
    return { key: blockKey(table, subvolume, 1), value: { a: NONE, b: NONE, leaving, until, matches: 0 } };
  };
  return [leave(row.a, a), leave(row.b, b)];
}

function indicesOf({ a, b, segmentsA, segmentsB }: FaceMatches, { offsets }: SuperBlocks): [Float64Array, Float64Array] {
  const of = (segments: Uint32Array, offset: number) => Float64Array.from(segments, (segment) => offset + segment);
  return [of(segmentsA, offsets[a]!), of(segmentsB, offsets[b]!)];
}

export function contractBlock(shares: readonly Share[], { level }: { readonly level: number }): Contracted {
  return contract(shares, level);
}

export function passUp({ up }: Contracted, _params: null, { key }: TaskContext): Keyed<Share>[] {
  return [{ key: keyAround(key), value: up }];
}

export function matchesOf({ up }: Contracted): number {
  return up.matches;
}

/** From a super-block and what was found for it further up: what its super-blocks, or at level 1 its subvolumes, need to know. */
export async function settleBlock(
  { left, right }: { readonly left: readonly Contracted[]; readonly right: readonly Mapping[] },
  { blocks, level }: BlockParams,
  context: TaskContext,
): Promise<Keyed<Mapping>[]> {
  const table = await context.broadcast(blocks);
  const settled = settle(left[0]?.mapping ?? NOTHING, right[0] ?? NOTHING);
  const parts = splitMapping(settled, table.offsets, (subvolume) => blockKey(table, subvolume, level - 1));
  return Array.from(parts, ([key, value]) => ({ key, value }));
}

/** The part of one subvolume, in its own numbers. */
export async function toLocalMapping(
  { members, smallest }: Mapping,
  { blocks }: Pick<BlockParams, "blocks">,
  context: TaskContext,
): Promise<LocalMapping> {
  const { offsets } = await context.broadcast(blocks);
  const offset = offsets[subvolumeOf(offsets, members[0]!)]!;
  return { members: Uint32Array.from(members, (index) => index - offset), roots: smallest };
}

/** SHA-256 of a part of the mapping; absent: of an empty one. */
export function mappingFingerprint({ members, roots }: LocalMapping = NO_PART): string {
  return bytesFingerprint(bytesOf(members), new Uint8Array(roots.buffer, roots.byteOffset, roots.byteLength));
}

/** Puts a subvolume's part of the mapping into its task. */
export function withMapping({
  left,
  right,
}: {
  readonly left: readonly Omit<WriteTask, "mapping">[];
  readonly right: readonly LocalMapping[];
}): WriteTask {
  return { ...left[0]!, mapping: right[0] ?? NO_PART };
}

/** Roots of the matched segments that the written mark of a subvolume says are there; under the key of the super-block of that level. */
export async function presentRoots(
  { left, right }: { readonly left: readonly CheckpointName[]; readonly right: readonly LocalMapping[] },
  { runFolder, blocks, level }: BlockParams & { readonly runFolder: string },
  context: TaskContext,
): Promise<Keyed<Float64Array>[]> {
  const [name, part] = [left[0]!, right[0]];
  if (part === undefined) return [];
  const kept = await loadCheckpoint(openKeyValue(runFolder), name);
  if (kept.state !== "valid") {
    throw new AxonloomError(
      "E_CHECKPOINT_DAMAGED",
      `${runFolder}/${name.key}: expected the mark of a core box that this run has just written, found it ${kept.state}; run again`,
      { key: name.key },
    );
  }
  const roots = sortedUnique(part.roots.filter((_, m) => kept.payload[m] === 1));
  return [{ key: blockKey(await context.broadcast(blocks), Number(context.key), level), value: roots }];
}

/** Deals the roots of a super-block, each once, to so many hands, so that equal ones meet. */
export function dealRoots(rows: readonly Float64Array[], { hands }: { readonly hands: number }): Keyed<Float64Array>[] {
  const roots = sortedUnique(...rows);
  return Array.from({ length: hands }, (_, hand) => ({
    key: String(hand),
    value: hands === 1 ? roots : roots.filter((root) => root % hands === hand),
  })).filter(({ value }) => value.length > 0);
}

export function countDistinct(rows: readonly Float64Array[]): number {
  return sortedUnique(...rows).length;
}
