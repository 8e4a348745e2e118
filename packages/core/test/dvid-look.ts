/** Looks at a DVID server without the program's own client and codec: for tests that check what a run left there. */
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { callServer, type Query, type Reply } from "./fake-dvid/client.ts";
import { decodeBlock, voxelsOf } from "./fake-dvid/codec/block.ts";
import { readFields } from "./fake-dvid/codec/protobuf.ts";

const SIDE = 64;

export interface LookedAt {
  /** `http://host:port`. */
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
  readonly admin: string;
}

export async function call(
  { url, admin }: LookedAt,
  method: string,
  path: string,
  body: Uint8Array | string = "",
  query: Query = {},
): Promise<Reply> {
  const reply = await callServer(url, method, `/api/${path}`, { ...query, admintoken: admin }, body);
  expect({ status: reply.status, text: reply.status === 200 ? "" : reply.text }, `${method} ${path}`).toEqual({
    status: 200,
    text: "",
  });
  return reply;
}

/** The root version of a new repo. */
export async function newRepo(server: LookedAt): Promise<string> {
  const reply = await call(server, "POST", "repos", JSON.stringify({ alias: "test", description: "" }));
  return (JSON.parse(reply.text) as { root: string }).root;
}

/** Commits the version; the new one after it. */
export async function nextVersion(server: LookedAt, uuid: string): Promise<string> {
  await call(server, "POST", `node/${uuid}/commit`, JSON.stringify({ note: "" }));
  const reply = await call(server, "POST", `node/${uuid}/newversion`, "{}");
  return (JSON.parse(reply.text) as { child: string }).child;
}

/** Labels of a box of whole blocks. */
export interface Volume {
  /** Voxels z, y, x. */
  readonly shape: readonly [number, number, number];
  readonly data: BigUint64Array;
}

/** The labels of `shape` from the origin on, as the server has them in its blocks. Absent blocks are 0. */
export async function readLabels(
  server: LookedAt,
  node: string,
  shape: readonly [number, number, number],
  { scale = 0, supervoxels = false } = {},
): Promise<Volume> {
  const whole = shape.map((n) => Math.ceil(n / SIDE) * SIDE) as [number, number, number];
  const query = { compression: "blocks", scale: String(scale), supervoxels: String(supervoxels) };
  const { body } = await call(server, "GET", `${node}/blocks/${[...whole].reverse().join("_")}/0_0_0`, "", query);
  const data = new BigUint64Array(shape[0] * shape[1] * shape[2]);
  for (let at = 0; at < body.length; ) {
    const [bx, by, bz, length] = [0, 4, 8, 12].map((o) => body.readInt32LE(at + o)) as [number, number, number, number];
    const voxels = voxelsOf(decodeBlock(gunzipSync(body.subarray(at + 16, at + 16 + length))));
    for (let z = 0; z < Math.min(SIDE, shape[0] - bz * SIDE); z++)
      for (let y = 0; y < Math.min(SIDE, shape[1] - by * SIDE); y++) {
        const row = voxels.subarray((z * SIDE + y) * SIDE, (z * SIDE + y) * SIDE + Math.min(SIDE, shape[2] - bx * SIDE));
        data.set(row, ((bz * SIDE + z) * shape[1] + by * SIDE + y) * shape[2] + bx * SIDE);
      }
    at += 16 + length;
  }
  return { shape, data };
}

/** One line for each body, block and supervoxel: `body z,y,x supervoxel voxels`, sorted. */
export type IndexLines = readonly string[];

/** What voxels say about bodies: the index as it must be. */
export function countedLines(supervoxels: Volume, bodyOf: (supervoxel: bigint) => bigint): IndexLines {
  const [, ny, nx] = supervoxels.shape;
  const counts = new Map<string, Map<bigint, number>>();
  supervoxels.data.forEach((id, i) => {
    if (id === 0n) return;
    const z = Math.floor(i / (ny * nx));
    const block = `${Math.floor(z / SIDE)},${Math.floor((Math.floor(i / nx) % ny) / SIDE)},${Math.floor((i % nx) / SIDE)}`;
    const inBlock = counts.get(block) ?? new Map<bigint, number>();
    counts.set(block, inBlock);
    inBlock.set(id, (inBlock.get(id) ?? 0) + 1);
  });
  const lines: string[] = [];
  for (const [block, inBlock] of counts) for (const [id, voxels] of inBlock) lines.push(`${bodyOf(id)} ${block} ${id} ${voxels}`);
  return lines.sort();
}

/** What the server's indices of all bodies say, found by its list of labels. */
export async function indexLines(server: LookedAt, node: string): Promise<IndexLines> {
  const list = (await call(server, "GET", `${node}/listlabels`)).body;
  const bodies = new BigUint64Array(Uint8Array.from(list).buffer);
  const { body } = await call(server, "GET", `${node}/indices`, `[${bodies.join(",")}]`);
  const lines: string[] = [];
  for (const [, bytes] of readFields(body)) {
    const index = readFields(bytes as Uint8Array);
    const label = index.find(([field]) => field === 2)![1] as bigint;
    for (const [field, entry] of index) {
      if (field !== 1) continue;
      const [key, counts] = readFields(entry as Uint8Array).map(([, value]) => value) as [bigint, Uint8Array];
      const block = [key >> 42n, (key >> 21n) & 0x1fffffn, key & 0x1fffffn].join(",");
      for (const [inner, pair] of readFields(counts)) {
        if (inner !== 1) continue;
        const [id, voxels] = readFields(pair as Uint8Array).map(([, value]) => value);
        lines.push(`${label} ${block} ${id} ${voxels}`);
      }
    }
  }
  return lines.sort();
}

/** The server's mapping of supervoxels that are no bodies of their own. */
export async function mappingOf(server: LookedAt, node: string): Promise<(supervoxel: bigint) => bigint> {
  const { text } = await call(server, "GET", `${node}/mappings`);
  const pairs = text.split("\n").filter((line) => line !== "");
  const mapping = new Map(pairs.map((line) => line.split(" ").map(BigInt) as [bigint, bigint]));
  return (id) => mapping.get(id) ?? id;
}

/** The next scale by the server's rule: of 8 voxels the most frequent that is not 0, of equal ones the smallest; 0 where all are. */
export function halved({ shape, data }: Volume): Volume {
  const half = shape.map((n) => Math.ceil(n / 2)) as [number, number, number];
  const result = new BigUint64Array(half[0] * half[1] * half[2]);
  let i = 0;
  for (let z = 0; z < half[0]; z++)
    for (let y = 0; y < half[1]; y++)
      for (let x = 0; x < half[2]; x++, i++) {
        const counts = new Map<bigint, number>();
        for (let k = 0; k < 8; k++) {
          const at = [2 * z + (k >> 2), 2 * y + ((k >> 1) & 1), 2 * x + (k & 1)] as const;
          if (at.some((n, a) => n >= shape[a]!)) continue;
          const id = data[(at[0] * shape[1] + at[1]) * shape[2] + at[2]]!;
          if (id !== 0n) counts.set(id, (counts.get(id) ?? 0) + 1);
        }
        let [best, most] = [0n, 0];
        for (const [id, n] of counts) if (n > most || (n === most && id < best)) [best, most] = [id, n];
        result[i] = best;
      }
  return { shape: half, data: result };
}

/** Checks that indices, scales and the highest label are those of the voxels at the finest scale. */
export async function expectWhole(server: LookedAt, node: string, shape: readonly [number, number, number]): Promise<void> {
  let level = await readLabels(server, node, shape, { supervoxels: true });
  const bodyOf = await mappingOf(server, node);
  const [found, counted] = [await indexLines(server, node), countedLines(level, bodyOf)];
  expect(counted.length).toBeGreaterThan(0);
  expect(found.length).toBe(counted.length);
  expect(found.filter((line, i) => line !== counted[i])).toEqual([]);
  const highest = BigUint64Array.from(level.data).sort().at(-1)!;
  const info = JSON.parse((await call(server, "GET", `${node}/info`)).text) as { Extended: { MaxDownresLevel: number } };
  expect(info.Extended.MaxDownresLevel).toBeGreaterThan(0);
  for (let scale = 1; scale <= info.Extended.MaxDownresLevel; scale++) {
    level = halved(level);
    const { data } = await readLabels(server, node, level.shape, { scale, supervoxels: true });
    expect(
      data.findIndex((id, i) => id !== level.data[i]),
      `scale ${scale}`,
    ).toBe(-1);
  }
  const { maxlabel } = JSON.parse((await call(server, "GET", `${node}/maxlabel`)).text) as { maxlabel: number };
  expect(BigInt(maxlabel)).toBeGreaterThanOrEqual(highest);
}
