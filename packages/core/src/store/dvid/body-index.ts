/**
 * The index of bodies of a `labelmap`: which body has how many voxels of which supervoxel in which block. The server keeps it only for labels
 * that it counts itself, slowly and not repeatably. Here it is counted from the blocks as they lie on the server, and replaced body by body:
 *
 *     index of a body = what it was, without the blocks of the boxes that were written,  +  what these blocks hold now
 *
 * So it comes out the same however often it is done. Bodies are those of the server's mapping, which also knows what others have made of the ids
 * that a run gave.
 */

import { setTimeout as pause } from "node:timers/promises";
import { countDvidBlock, dvidBlockTable } from "@axonloom/kernels";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { alignOut, type Box, map3 } from "../../geometry/box.ts";
import type { BodyIndex, BodyShare } from "../types.ts";
import { blockFinder, byBody, equalIndices, mergedIndex } from "./body-shares.ts";
import { forgetFormer, notedBoxes, noteFormer, readFormer } from "./former-notes.ts";
import { IndexPoster, readIndices } from "./indices.ts";
import { putKey } from "./key-value.ts";
import { forEachBlock } from "./labels.ts";
import { notesOf } from "./marker.ts";
import { formatDvidName } from "./name.ts";
import { endpoint, type OpenedVolume } from "./volume.ts";
import { badAnswer, blockKey, formatLabelJson, parseLabelJson } from "./wire/index.ts";

/** A request asks for at most so many. */
const IDS_A_REQUEST = 10_000;
/** How often, and after which pause, the server is asked for its highest label, which it notes a little after the blocks. */
const LOOKS = 20;
const PAUSE_MS = 100;

/** Of a `labelmap` at its finest scale. */
export function bodyIndex(opened: OpenedVolume): BodyIndex {
  const { connection, name, instance, blockSize } = opened;
  const notes = notesOf({ connection, uuid: name.version, instance: name.instance });
  return {
    instance: instance.dataUuid,
    supervoxels: formatDvidName({ ...name, supervoxels: true }),

    async note(box, options = {}) {
      const ids = new Set<bigint>();
      const add = (_: Box, bytes: Uint8Array) => {
        for (const id of dvidBlockTable(bytes)) ids.add(id);
      };
      await forEachBlock(opened, box, true, add, options);
      await noteFormer(notes, box, BigUint64Array.from(ids), options);
    },
    noted: (options) => notedBoxes(notes, options),
    settle: (boxes, options) => forgetFormer(notes, boxes, options),

    async count(box, options = {}) {
      const blocks = new Map<bigint, ReturnType<typeof countDvidBlock>>();
      const count = ({ start }: Box, bytes: Uint8Array) => {
        blocks.set(blockKey(map3((a) => start[a] / blockSize[a])), countDvidBlock(bytes));
      };
      await forEachBlock(opened, box, true, count, options);
      const former = await readFormer(notes, box, options);
      const share = await shareOf(opened, alignOut(box, blockSize), blocks, former, options);
      await waitForMaxLabel(opened, share.supervoxels, options);
      return share;
    },

    update: (shares, options) => updateIndices(opened, shares, options),

    supervoxelsOf: (body, options) => supervoxelsOf(opened, body, options),

    async bodiesOf(supervoxels, options) {
      const mapping = await readMapping(opened, [...new Set(supervoxels)], options);
      return supervoxels.map((id) => mapping.get(id)!);
    },

    async keepRecord(key, text, options) {
      await putKey(notes, key, text, options);
    },
  };
}

async function shareOf(
  opened: OpenedVolume,
  box: Box,
  blocks: ReadonlyMap<bigint, { readonly labels: BigUint64Array; readonly voxels: Uint32Array }>,
  former: BigUint64Array,
  options: CallOptions,
): Promise<BodyShare> {
  const rows: { supervoxel: bigint; cell: bigint; voxels: number }[] = [];
  const ids = new Set(former);
  for (const cell of BigUint64Array.from(blocks.keys()).sort()) {
    const { labels, voxels } = blocks.get(cell)!;
    for (const [i, supervoxel] of labels.entries()) {
      if (supervoxel === 0n) continue;
      rows.push({ supervoxel, cell, voxels: voxels[i]! });
      ids.add(supervoxel);
    }
  }
  const mapping = await readMapping(opened, [...ids].sort(ascending), options);
  // 0: one that was split, and is no supervoxel any more
  const bodyOf = (supervoxel: bigint) => mapping.get(supervoxel) || supervoxel;
  return {
    box,
    former: BigUint64Array.from(new Set(Array.from(former, bodyOf))).sort(),
    bodies: BigUint64Array.from(rows, ({ supervoxel }) => bodyOf(supervoxel)),
    supervoxels: BigUint64Array.from(rows, ({ supervoxel }) => supervoxel),
    cells: BigUint64Array.from(rows, ({ cell }) => cell),
    voxels: Uint32Array.from(rows, ({ voxels }) => voxels),
  };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function supervoxelsOf(opened: OpenedVolume, body: bigint, options: CallOptions = {}): Promise<readonly bigint[]> {
  const decode = (answer: Uint8Array) => {
    const ids = parseLabelJson(Buffer.from(answer).toString());
    if (!Array.isArray(ids) || ids.some((id) => typeof id !== "bigint")) throw badAnswer("expected a list of supervoxels", answer);
    return ids as bigint[];
  };
  try {
    return await opened.connection.read({ method: "GET", path: endpoint(opened, "supervoxels", String(body)) }, decode, options);
  } catch (error) {
    if (isAxonloomError(error) && error.code === "E_SOURCE_NOT_FOUND") return [];
    throw error;
  }
}

/** The bodies of supervoxels, whether an index knows these or not. */
export async function readMapping(
  opened: OpenedVolume,
  supervoxels: readonly bigint[],
  options: CallOptions = {},
): Promise<Map<bigint, bigint>> {
  const mapping = new Map<bigint, bigint>();
  for (const ids of slices(supervoxels, IDS_A_REQUEST)) {
    const decode = (answer: Uint8Array) => {
      const bodies = parseLabelJson(Buffer.from(answer).toString());
      const whole = Array.isArray(bodies) && bodies.length === ids.length && bodies.every((id) => typeof id === "bigint");
      if (!whole) throw badAnswer(`expected the bodies of ${ids.length} supervoxels`, answer);
      return bodies as bigint[];
    };
    const body = formatLabelJson([...ids]);
    const call = { method: "GET", path: endpoint(opened, "mapping"), query: { nolookup: true }, body } as const;
    const bodies = await opened.connection.read(call, decode, options);
    for (const [i, id] of ids.entries()) mapping.set(id, bodies[i]!);
  }
  return mapping;
}

async function updateIndices(opened: OpenedVolume, shares: readonly BodyShare[], options: CallOptions = {}): Promise<void> {
  const { rows, bodies } = byBody(shares);
  const wasWritten = blockFinder(shares, opened.blockSize);
  const poster = new IndexPoster(opened, options);
  for await (const some of readIndices(opened, bodies, options)) {
    for (const before of some) {
      const index = mergedIndex(before, wasWritten, rows.get(before.label) ?? []);
      if (!equalIndices(index, before)) await poster.add(index);
    }
  }
  await poster.flush();
}

/** Waits until the server knows of the ids, since it gives new ones by that. `E_VERIFY_FAILED`. */
async function waitForMaxLabel(opened: OpenedVolume, ids: BigUint64Array, options: CallOptions): Promise<void> {
  const highest = BigUint64Array.from(ids).sort().at(-1);
  if (highest === undefined) return;
  let found = 0n;
  for (let look = 0; look < LOOKS; look++) {
    found = await readNumber(opened, { method: "GET", path: endpoint(opened, "maxlabel") }, "maxlabel", options);
    if (found >= highest) return;
    await pause(PAUSE_MS, undefined, options);
  }
  throw new AxonloomError(
    "E_VERIFY_FAILED",
    `${opened.source}: expected the server to know of labels up to ${highest}, found that its maxlabel is ${found}, so that it would give ids twice; ` +
      "see the server's log, and run again",
    { source: opened.source, expected: String(highest), found: String(found) },
  );
}

/** A number in the JSON of an answer. */
export async function readNumber(
  { connection }: Pick<OpenedVolume, "connection">,
  call: Parameters<OpenedVolume["connection"]["read"]>[0],
  key: string,
  options: CallOptions,
): Promise<bigint> {
  const decode = (answer: Uint8Array) => {
    const json = parseLabelJson(Buffer.from(answer).toString());
    const value = typeof json === "object" && json !== null && !Array.isArray(json) ? json[key] : undefined;
    if (typeof value !== "bigint") throw badAnswer(`expected an object with the number "${key}"`, answer);
    return value;
  };
  return await connection.read(call, decode, options);
}

function* slices<T>(list: readonly T[], length: number): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += length) yield list.slice(from, from + length);
}
