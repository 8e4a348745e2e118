/** Sparse volumes of a body (or supervoxel): runs, streamed runs, binary blocks, coarse runs, sizes. */
import { gzipSync } from "node:zlib";
import { type Answer, absent, bytes, type Call, json, labelIn, type Point, Refusal, scaleIn } from "../call.ts";
import { compressLz4 } from "../codec/lz4.ts";
import type { Version } from "../versions.ts";
import { type LabelIndex, type LabelState, placeOf, sizeOf, supervoxelsOf } from "./state.ts";

const NO_VOLUME = "Label 0 is protected background value and cannot be used as sparse volume.\n";
const SIDE = 8;

interface Chosen {
  readonly label: bigint;
  /** Ids in the voxels. */
  readonly supervoxels: ReadonlySet<bigint>;
  readonly places: Point[];
  readonly index: LabelIndex;
}

/** The blocks and supervoxels of the label that a call names, z, y, x order. */
function chosen(state: LabelState, call: Call, version: Version): Chosen | null {
  const label = labelIn(call.parts[4], NO_VOLUME);
  const single = call.query.get("supervoxels") === "true";
  const body = single ? (state.mapping.get(version, String(label)) ?? label) : label;
  const index = state.index(version, body);
  if (index === undefined) return null;
  const supervoxels = single ? new Set([label]) : new Set(supervoxelsOf(index).keys());
  const places = [...index.blocks]
    .filter(([, counts]) => [...counts.keys()].some((s) => supervoxels.has(s)))
    .map(([key]) => placeOf(key))
    .sort((a, b) => a[2] - b[2] || a[1] - b[1] || a[0] - b[0]);
  return places.length === 0 ? null : { label, supervoxels, places, index };
}

type Bounds = readonly [min: number, max: number][];

const boundsOf = (query: URLSearchParams): Bounds =>
  ["x", "y", "z"].map((axis) => [
    Number(query.get(`min${axis}`) ?? Number.NEGATIVE_INFINITY),
    Number(query.get(`max${axis}`) ?? Number.POSITIVE_INFINITY),
  ]);

function packed(body: Buffer, compression: string): Answer {
  if (compression === "lz4") return bytes(compressLz4(body));
  if (compression === "gzip") return bytes(gzipSync(body));
  return bytes(body);
}

export function sparseVolume(state: LabelState, call: Call, version: Version): Answer {
  const found = chosen(state, call, version);
  if (call.method === "HEAD") return { status: found === null ? 204 : 200, type: null, body: "" };
  if (call.method !== "GET") throw new Refusal("POST of sparsevol not currently implemented\n");
  if (found === null) return absent;
  const scale = scaleIn(call.query);
  const bounds = boundsOf(call.query);
  const places = scale === 0 ? found.places : coarser(found.places, scale);
  const format = call.query.get("format") ?? "rles";
  const compression = call.query.get("compression") ?? "";
  const inside = (place: Point) =>
    place.every((v, a) => {
      const [min, max] = bounds[a]!;
      return (v + 1) * state.blockSize[a as 0] > min && v * state.blockSize[a as 0] <= max;
    });
  const blocks = places.filter(inside).flatMap((place): [Point, Uint8Array][] => {
    const voxels = state.voxels(version, scale, place, true);
    return voxels === undefined ? [] : [[place, Uint8Array.from(voxels, (v) => (found.supervoxels.has(v) ? 1 : 0))]];
  });
  if (format === "blocks") return packed(binaryBlocks(state.blockSize, found.label, blocks), compression);
  const spans = blocks.flatMap(([place, mask]) => runsOf(state.blockSize, place, mask, bounds));
  return packed(format === "srles" ? spansBytes(spans) : Buffer.concat([rleHeader(spans.length), spansBytes(spans)]), compression);
}

const coarser = (places: readonly Point[], scale: number): Point[] => {
  const unique = new Map<string, Point>();
  for (const place of places) {
    const p = place.map((v) => v >> scale) as unknown as Point;
    unique.set(p.join(), p);
  }
  return [...unique.values()];
};

type Run = readonly [x: number, y: number, z: number, length: number];

function runsOf(blockSize: Point, place: Point, mask: Uint8Array, bounds: Bounds): Run[] {
  const runs: Run[] = [];
  const [nx, ny, nz] = blockSize;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) {
      const [gy, gz] = [y + place[1] * ny, z + place[2] * nz];
      if (gy < bounds[1]![0] || gy > bounds[1]![1] || gz < bounds[2]![0] || gz > bounds[2]![1]) continue;
      let start: number | null = null;
      for (let x = 0; x <= nx; x++) {
        const gx = x + place[0] * nx;
        const on = x < nx && mask[(z * ny + y) * nx + x] === 1 && gx >= bounds[0]![0] && gx <= bounds[0]![1];
        if (on && start === null) start = gx;
        if (!on && start !== null) {
          runs.push([start, gy, gz, gx - start]);
          start = null;
        }
      }
    }
  return runs;
}

function rleHeader(spans: number): Buffer {
  const head = Buffer.alloc(12);
  head[1] = 3;
  head.writeUInt32LE(spans, 8);
  return head;
}

const spansBytes = (spans: readonly Run[]): Buffer => Buffer.from(Int32Array.from(spans.flat()).buffer);

/** Whole blocks in one flag, mixed ones by sub-blocks of 8³ with a bit a voxel, least significant first. */
function binaryBlocks(blockSize: Point, label: bigint, blocks: readonly [Point, Uint8Array][]): Buffer {
  const head = Buffer.alloc(20);
  for (const [a, n] of blockSize.entries()) head.writeUInt32LE(n / SIDE, 4 * a);
  head.writeBigUInt64LE(label, 12);
  const parts: Buffer[] = [head];
  const [nx, ny, nz] = blockSize;
  for (const [place, mask] of blocks) {
    const at = Buffer.alloc(13);
    for (const [a, v] of place.entries()) at.writeInt32LE(v * blockSize[a as 0], 4 * a);
    const count = mask.reduce((sum, v) => sum + v, 0);
    at[12] = count === 0 ? 0 : count === mask.length ? 1 : 2;
    parts.push(at);
    if (at[12] !== 2) continue;
    for (let sz = 0; sz < nz; sz += SIDE)
      for (let sy = 0; sy < ny; sy += SIDE)
        for (let sx = 0; sx < nx; sx += SIDE) {
          const bits = Buffer.alloc(64);
          let [on, i] = [0, 0];
          for (let z = sz; z < sz + SIDE; z++)
            for (let y = sy; y < sy + SIDE; y++)
              for (let x = sx; x < sx + SIDE; x++, i++) {
                if (mask[(z * ny + y) * nx + x] === 0) continue;
                bits[i >> 3]! |= 1 << (i & 7);
                on++;
              }
          parts.push(Buffer.from([on === 0 ? 0 : on === SIDE ** 3 ? 1 : 2]));
          if (on > 0 && on < SIDE ** 3) parts.push(bits);
        }
  }
  return Buffer.concat(parts);
}

export function coarseVolume(state: LabelState, call: Call, version: Version): Answer {
  const found = chosen(state, call, version);
  if (found === null) return absent;
  const runs: Run[] = [];
  for (const [x, y, z] of found.places) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === y && last[2] === z && last[0] + last[3] === x)
      runs[runs.length - 1] = [last[0], y, z, last[3] + 1];
    else runs.push([x, y, z, 1]);
  }
  return bytes(Buffer.concat([rleHeader(runs.length), spansBytes(runs)]));
}

/** The box of a label, as exact as its blocks. */
export function sparseVolumeSize(state: LabelState, call: Call, version: Version): Answer {
  const found = chosen(state, call, version);
  if (found === null) return absent;
  const single = call.query.get("supervoxels") === "true";
  const voxels = single ? supervoxelsOf(found.index).get(found.label) : sizeOf(found.index);
  const corner = (f: (...values: number[]) => number, more: number) =>
    state.blockSize.map((n, a) => (f(...found.places.map((p) => p[a as 0])) + more) * n - more).join(", ");
  return json(
    `{"voxels": ${voxels}, "numblocks": ${found.places.length}, "minvoxel": [${corner(Math.min, 0)}], "maxvoxel": [${corner(Math.max, 1)}]}`,
  );
}
