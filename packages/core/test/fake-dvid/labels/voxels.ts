/** Voxels of label instances: `raw`, `blocks`, `specificblocks`, `ingest-supervoxels`, `label`, `labels`. */
import { gunzipSync, gzipSync } from "node:zlib";
import { encodeCompressedSegmentation } from "@axonloom/kernels";
import { blocksOf, copyPart, insideRoi, isAligned } from "../boxes.ts";
import { type Answer, bytes, type Call, done, json, Panic, type Point, pointIn, Refusal, scaleIn, showPoint } from "../call.ts";
import { tableOf } from "../codec/block.ts";
import { compressLz4, decompressLz4 } from "../codec/lz4.ts";
import { specOnly } from "../spec-only.ts";
import type { Version } from "../versions.ts";
import type { Change, LabelState } from "./state.ts";

const show = (place: Point) => `(${place.join(", ")})`;
const asBytes = (voxels: BigUint64Array) => new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength);
const asLabels = (data: Uint8Array) => new BigUint64Array(Uint8Array.from(data).buffer);

interface BoxCall {
  readonly size: Point;
  readonly offset: Point;
  readonly last: Point;
}

function boxOf(size: string | undefined, offset: string | undefined): BoxCall {
  const [s, o] = [pointIn(size), pointIn(offset)];
  return { size: s, offset: o, last: [o[0] + s[0] - 1, o[1] + s[1] - 1, o[2] + s[2] - 1] };
}

function rawBox(call: Call): BoxCall {
  const [, , , endpoint, shape, size, offset] = call.parts;
  if (offset === undefined) throw new Refusal(`'${endpoint}' must be followed by shape/size/offset`);
  if (shape !== "0_1_2" && shape !== "xyz") throw new Refusal(`the stand-in has only 3-D raw, not ${shape}`);
  return boxOf(size, offset);
}

/** Whether a single aligned block that is not there is answered with zeros. */
export interface RawOptions {
  readonly zerosForAbsent: boolean;
}

export function getRaw(state: LabelState, call: Call, version: Version, options: RawOptions): Answer {
  const { size, offset } = rawBox(call);
  const scale = scaleIn(call.query);
  const compression = call.query.get("compression") ?? "";
  const supervoxels = call.query.get("supervoxels") === "true";
  const single = isAligned(offset, size, state.blockSize) && size.every((n, a) => n === state.blockSize[a as 0]);
  const place = offset.map((v, a) => Math.floor(v / state.blockSize[a as 0])) as unknown as Point;
  if (single && !options.zerosForAbsent && !call.query.get("roi") && state.stored(version, scale, place) === undefined) {
    if (compression === "") throw new Panic("runtime error: invalid memory address or nil pointer dereference");
    throw new Refusal(`unable to get label block ${show(place)}`);
  }
  const inside = insideRoi(call, version);
  const out = new BigUint64Array(size[0] * size[1] * size[2]);
  for (const p of blocksOf(offset, size, state.blockSize)) {
    const voxels = inside(p) ? state.voxels(version, scale, p, supervoxels, single) : undefined;
    if (voxels !== undefined) copyPart(voxels, p, state.blockSize, out, offset, size, "out");
  }
  return encoded(out, compression, size);
}

function encoded(voxels: BigUint64Array, compression: string, size: Point): Answer {
  const plain = asBytes(voxels);
  switch (compression) {
    case "":
      return bytes(plain);
    case "lz4":
      return bytes(compressLz4(plain));
    case "gzip":
      return bytes(gzipSync(plain, { level: 1 }));
    case "google":
    case "googlegzip": {
      if (size.some((n) => n % 8 !== 0)) throw new Refusal("volume must be a multiple of the block size");
      const body = encodeCompressedSegmentation(voxels, [size[2], size[1], size[0]]);
      return compression === "google" ? bytes(body) : { ...bytes(gzipSync(body)), encoding: "gzip" };
    }
    default:
      throw new Refusal(`unknown compression type ${JSON.stringify(compression)}`);
  }
}

/** Stores a box of whole blocks; returns what it changes in the indices, which come later. */
export function postRaw(state: LabelState, call: Call, version: Version, refusal: string): Change[] {
  const { size, offset, last } = rawBox(call);
  const expected = 8 * size[0] * size[1] * size[2];
  const plain = received(call, expected);
  if (!isAligned(offset, size, state.blockSize)) {
    throw new Refusal(`${refusal} in non-block aligned geometry ${showPoint(offset)} -> ${showPoint(last)}`);
  }
  if (plain.length !== expected) {
    throw new Refusal(
      `expected ${expected} bytes for data ${JSON.stringify(call.parts[2])} label PUT but only received ${plain.length} bytes`,
    );
  }
  const mutate = call.query.get("mutate") === "true";
  const inside = insideRoi(call, version);
  const voxels = asLabels(plain);
  const changes: Change[] = [];
  const places: Point[] = [];
  state.extents.growByRaw(version, { min: offset, max: last });
  for (const place of blocksOf(offset, size, state.blockSize)) {
    if (!inside(place)) continue;
    const block = new BigUint64Array(state.blockSize[0] * state.blockSize[1] * state.blockSize[2]);
    copyPart(block, place, state.blockSize, voxels, offset, size, "in");
    const before = mutate ? state.bytes(version, 0, place, true) : undefined;
    state.storeVoxels(version, 0, place, block);
    const after = state.bytes(version, 0, place, true)!;
    changes.push(state.change(place, state.decode(after), before === undefined ? undefined : state.decode(before)));
    state.raiseFromTable(version, after);
    places.push(place);
  }
  checkNegative(state, places);
  state.downres(version, places);
  return changes;
}

function received(call: Call, expected: number): Uint8Array {
  if (call.cutShort) throw new Refusal("unexpected EOF");
  switch (call.query.get("compression") ?? "") {
    case "":
      return call.body;
    case "lz4":
      return decompressLz4(call.body, expected);
    case "gzip":
      return gunzipSync(call.body);
    default:
      throw new Refusal(`unknown compression type ${JSON.stringify(call.query.get("compression"))}`);
  }
}

/** An odd negative block coordinate breaks the making of lower levels, after everything else is stored. */
function checkNegative(state: LabelState, places: readonly Point[]): void {
  if (state.maxDownres > 0 && places.some((p) => p.some((v) => v < 0 && v % 2 !== 0))) {
    throw new Panic("runtime error: index out of range [-1]");
  }
}

interface Frame {
  readonly place: Point;
  readonly gzipped: Buffer;
  readonly plain: Uint8Array;
}

/** Frames of a body, each checked as the server checks it: hardly. */
function* framesOf({ body, cutShort }: Call): Generator<Frame> {
  for (let at = 0; at < body.length; ) {
    if (at + 16 > body.length) throw new Refusal("unexpected EOF");
    const place: Point = [body.readInt32LE(at), body.readInt32LE(at + 4), body.readInt32LE(at + 8)];
    const length = body.readUInt32LE(at + 12);
    at += 16;
    if (length === 0) throw new Refusal(`illegal zero length block at block ${show(place)} detected`);
    const gzipped = Buffer.from(body.subarray(at, at + length));
    if (gzipped.length < length) {
      throw new Refusal(`error reading ${length} bytes for block ${show(place)}: ${gzipped.length} actually read (unexpected EOF)`);
    }
    at += length;
    let plain: Uint8Array;
    if (length < 10 || gzipped[0] !== 0x1f || gzipped[1] !== 0x8b) {
      throw new Refusal(
        `can't initiate gzip reader on compressed data of length ${length}: ${length < 10 ? "unexpected EOF" : "gzip: invalid header"}`,
      );
    }
    try {
      plain = gunzipSync(gzipped);
    } catch {
      throw new Refusal(`can't read all ${length} bytes from gzipped block ${show(place)}: unexpected EOF`);
    }
    if (plain.length < 24) throw new Refusal(`can't unmarshal block binary of length ${plain.length}`);
    yield { place, gzipped, plain };
  }
  if (cutShort) throw new Refusal("unexpected EOF");
}

/** Stores frame after frame; a bad one refuses the rest, and then nothing of the request is indexed. */
export function postBlocks(state: LabelState, call: Call, version: Version): Answer {
  const scale = scaleIn(call.query);
  const downres = call.query.get("downres") === "true";
  const indexing = call.query.get("noindexing") !== "true";
  if (downres && scale !== 0) throw new Refusal("cannot downscale blocks of scale > 0");
  if (!["", "blocks"].includes(call.query.get("compression") ?? ""))
    throw new Refusal('compression must be "blocks" (default) at this time');
  if (!indexing) specOnly("blocks-noindexing");
  if (scale > 0) specOnly("blocks-coarse");
  const changes: Change[] = [];
  const places: Point[] = [];
  try {
    for (const { place, gzipped, plain } of framesOf(call)) {
      state.store(version, scale, place, gzipped);
      places.push(place);
      if (scale > 0) continue;
      state.raiseFromTable(version, plain);
      if (indexing) changes.push(state.change(place, state.decode(plain)));
    }
  } catch (error) {
    if (error instanceof Refusal) specOnly("blocks-bad-frame");
    throw error;
  }
  if (indexing) state.apply(version, changes);
  if (scale > 0) return done;
  for (const place of places) {
    const min = place.map((v, a) => v * state.blockSize[a as 0]) as unknown as Point;
    const max = place.map((v, a) => (v + 1) * state.blockSize[a as 0] - 1) as unknown as Point;
    state.extents.growByBlocks(version, { min, max });
  }
  if (downres) {
    checkNegative(state, places);
    state.downres(version, places);
  }
  return done;
}

export function ingest(state: LabelState, call: Call, version: Version): Answer {
  specOnly("ingest-supervoxels");
  const scale = scaleIn(call.query);
  for (const { place, gzipped } of framesOf(call)) state.store(version, scale, place, gzipped);
  return done;
}

const COMPRESSIONS = ["", "lz4", "gzip", "blocks", "uncompressed"];

function frames(state: LabelState, call: Call, version: Version, places: Iterable<Point>, compression: string): Answer {
  const supervoxels = call.query.get("supervoxels") === "true";
  const scale = scaleIn(call.query);
  const parts: Buffer[] = [];
  for (const place of places) {
    const payload = payloadOf(state, version, scale, place, compression, supervoxels);
    if (payload === undefined) continue;
    const head = Buffer.alloc(16);
    for (const [i, value] of [...place, payload.length].entries()) head.writeInt32LE(value, 4 * i);
    parts.push(head, payload);
  }
  return bytes(Buffer.concat(parts));
}

function payloadOf(
  state: LabelState,
  version: Version,
  scale: number,
  place: Point,
  compression: string,
  supervoxels: boolean,
): Buffer | undefined {
  const stored = state.stored(version, scale, place);
  if (stored === undefined) return undefined;
  if (compression === "blocks") {
    if (supervoxels) return stored;
    const plain = gunzipSync(stored);
    const mapped = tableOf(plain).some((label) => state.mapping.get(version, String(label)) !== undefined);
    return mapped ? gzipSync(state.bytes(version, scale, place, false)!) : stored;
  }
  const voxels = asBytes(state.voxels(version, scale, place, supervoxels)!);
  if (compression === "uncompressed") return Buffer.from(voxels);
  return compression === "gzip" ? gzipSync(voxels) : Buffer.from(compressLz4(voxels));
}

export function getBlocks(state: LabelState, call: Call, version: Version): Answer {
  if (call.parts[5] === undefined) throw new Refusal("must specify size and offset with GET /blocks endpoint");
  const { size, offset, last } = boxOf(call.parts[4], call.parts[5]);
  if (!isAligned(offset, size, state.blockSize)) {
    throw new Refusal(
      `cannot use labels via 'blocks' endpoint in non-block aligned geometry ${showPoint(offset)} -> ${showPoint(last)}`,
    );
  }
  const compression = call.query.get("compression") ?? "";
  if (!COMPRESSIONS.includes(compression))
    throw new Refusal('compression must be "lz4" (default), "gzip", "blocks" or "uncompressed"');
  return frames(state, call, version, blocksOf(offset, size, state.blockSize), compression || "lz4");
}

export function specificBlocks(state: LabelState, call: Call, version: Version): Answer {
  const compression = call.query.get("compression") ?? "";
  if (!COMPRESSIONS.includes(compression))
    throw new Refusal('compression must be "lz4" (default), "gzip", "blocks" or "uncompressed"');
  const list = call.query.get("blocks") ?? "";
  const numbers = list === "" ? [] : list.split(",").map(Number);
  if (numbers.length % 3 !== 0) throw new Refusal("block query string should be three coordinates per block");
  const places = Array.from({ length: numbers.length / 3 }, (_, i) => numbers.slice(3 * i, 3 * i + 3) as unknown as Point);
  return frames(state, call, version, places, compression || "blocks");
}

function labelAt(state: LabelState, version: Version, point: Point, scale: number, supervoxels: boolean): bigint {
  const place = point.map((v, a) => Math.floor(v / state.blockSize[a as 0])) as unknown as Point;
  const voxels = state.voxels(version, scale, place, supervoxels, true);
  if (voxels === undefined) return 0n;
  const [x, y, z] = point.map((v, a) => v - place[a as 0] * state.blockSize[a as 0]) as unknown as Point;
  return voxels[(z * state.blockSize[1] + y) * state.blockSize[0] + x]!;
}

export function getLabel(state: LabelState, call: Call, version: Version): Answer {
  if (call.parts[4] === undefined) throw new Refusal("DVID requires coord to follow 'label' command");
  const label = labelAt(state, version, pointIn(call.parts[4]), scaleIn(call.query), call.query.get("supervoxels") === "true");
  return json(`{"Label": ${label}}`);
}

export function getLabels(state: LabelState, call: Call, version: Version): Answer {
  if (call.method !== "GET") throw new Refusal("Batch labels query must be a GET request");
  let points: Point[];
  try {
    points = JSON.parse(call.body.toString()) as Point[];
  } catch {
    throw new Refusal("Bad labels request JSON: unexpected end of JSON input");
  }
  const supervoxels = call.query.get("supervoxels") === "true";
  return json(`[${points.map((p) => labelAt(state, version, p, scaleIn(call.query), supervoxels)).join(",")}]`);
}
