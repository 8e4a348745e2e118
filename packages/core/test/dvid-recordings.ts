/** The calls recorded from a DVID server, and what makes two answers alike: voxels and sets where order is free, bytes elsewhere. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { decodeCompressedSegmentation } from "@axonloom/kernels";
import type { Reply } from "./fake-dvid/client.ts";
import { decodeBlock, voxelsOf } from "./fake-dvid/codec/block.ts";
import { decompressLz4 } from "./fake-dvid/codec/lz4.ts";
import { readFields } from "./fake-dvid/codec/protobuf.ts";

const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
export const GOLDEN = join(DATA, "dvid-golden");
export const haveRecordings = existsSync(join(GOLDEN, "index.json"));

export interface Entry {
  readonly file: string | null;
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly contentType?: string | null;
  readonly contentEncoding?: string | null;
  readonly requestBody?: string;
  readonly requestBodyText?: string;
  readonly text?: string;
}

/** An entry that is a call; the others describe files. */
export type Recorded = Entry & { readonly method: string; readonly path: string; readonly query: Readonly<Record<string, string>> };

export const entries = (): readonly Entry[] =>
  haveRecordings ? (JSON.parse(readFileSync(join(GOLDEN, "index.json"), "utf8")) as Entry[]) : [];

export const recordedCalls = (): readonly Recorded[] => entries().filter((e): e is Recorded => e.method !== undefined);

/** A recorded file, without the compression that only keeps the folder small. */
export function golden(name: string): Buffer {
  const bytes = readFileSync(join(GOLDEN, name));
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

export function requestBody(entry: Entry): Buffer {
  if (entry.requestBodyText !== undefined) return Buffer.from(entry.requestBodyText);
  return entry.requestBody === undefined ? Buffer.alloc(0) : golden(entry.requestBody.replace(" (gunzipped)", ""));
}

/** What the server answered. */
export const recordedBody = (entry: Entry): Buffer => (entry.file === null ? Buffer.from(entry.text ?? "") : golden(entry.file));

const sorted = (lines: readonly string[]): string[] => [...lines].sort();

/** Of a frame's payload: the voxels. */
function payloadVoxels(payload: Buffer, compression: string, voxels: number): string {
  switch (compression) {
    case "blocks": {
      const { size, ...block } = decodeBlock(gunzipSync(payload));
      return `${size}: ${digest(voxelsOf({ size, ...block }))}`;
    }
    case "lz4":
      return digest(decompressLz4(payload, 8 * voxels));
    case "gzip":
      return digest(gunzipSync(payload));
    default:
      return digest(payload);
  }
}

const digest = (data: Uint8Array | BigUint64Array): string => createHash("sha256").update(data).digest("hex");

function frameLines(body: Buffer, read: (payload: Buffer) => string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < body.length; ) {
    const [x, y, z, length] = [0, 4, 8, 12].map((k) => body.readInt32LE(at + k)) as [number, number, number, number];
    lines.push(`${x},${y},${z}: ${read(body.subarray(at + 16, at + 16 + length))}`);
    at += 16 + length;
  }
  return sorted(lines);
}

/** Spans with those joined that touch: where the server cuts them is free. The header's number of spans goes with that. */
function spanLines(body: Buffer, header: boolean): string[] {
  const spans: [x: number, y: number, z: number, length: number][] = [];
  for (let at = header ? 12 : 0; at < body.length; at += 16) {
    spans.push([0, 4, 8, 12].map((k) => body.readInt32LE(at + k)) as [number, number, number, number]);
  }
  if (header && body.readUInt32LE(8) !== spans.length) return [`${body.readUInt32LE(8)} spans announced, ${spans.length} found`];
  spans.sort((a, b) => a[2] - b[2] || a[1] - b[1] || a[0] - b[0]);
  const joined: typeof spans = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && last[2] === span[2] && last[1] === span[1] && last[0] + last[3] === span[0]) last[3] += span[3];
    else joined.push(span);
  }
  return [header ? `header ${body.subarray(0, 8).toString("hex")}` : "no header", ...joined.map(String)];
}

/** Blocks of a binary sparse volume, each as its bytes. */
function binaryLines(body: Buffer): string[] {
  const subBlocks = [0, 4, 8].reduce((product, at) => product * body.readUInt32LE(at), 1);
  const lines = [`header ${body.subarray(0, 20).toString("hex")}`];
  for (let at = 20; at < body.length; ) {
    const start = at;
    const flag = body[at + 12];
    at += 13;
    for (let s = 0; flag === 2 && s < subBlocks; s++) at += body[at] === 2 ? 65 : 1;
    lines.push(body.subarray(start, at).toString("hex"));
  }
  return sorted(lines);
}

/** Label, blocks and counts; who changed it, and when, left out. */
export function indexLines(body: Uint8Array): string[] {
  const lines: string[] = [];
  for (const [field, value] of readFields(body)) {
    if (field === 2) lines.push(`label ${value}`);
    if (field !== 1) continue;
    const entry = new Map(readFields(value as Uint8Array));
    for (const [inner, pair] of readFields((entry.get(2) as Uint8Array | undefined) ?? new Uint8Array())) {
      if (inner !== 1) continue;
      const fields = new Map(readFields(pair as Uint8Array));
      lines.push(`block ${entry.get(1) ?? 0n}: ${fields.get(1) ?? 0n} has ${fields.get(2) ?? 0n}`);
    }
  }
  return sorted(lines);
}

/** What differs from run to run and from machine to machine. */
const masked = (text: string): string =>
  text
    .replace(
      /"(DataUUID|KVStore|LogStore|Created|Updated|Server time|Server uptime|Host|RPC Address|TOML location|Storage backend|DVID Version)":"[^"]*"/g,
      '"$1":"…"',
    )
    .replace(/"(Cores|Maximum Cores|Max Open Files)":"[^"]*"/g, '"$1":"…"')
    .replace(/"(MutationID|SavedMutationID)":(\s*)\d+/g, '"$1":$2…')
    .replace(/"[^" ]*Z {2}(New data instance \\"\w+\\" of type \\"\w+\\")[^"]*"/g, '"$1"')
    .replace(/Panic detected on request [^\n]*:/, "Panic detected on request …:")
    .replace(/IP: 127\.0\.0\.1[^\n]*/, "IP: …")
    .replace(/http:\/\/[^/]*\/api\/help/, "http://…/api/help");

/** A form of the answer's body in which alike answers are equal. */
export function comparable(entry: Recorded, body: Buffer): unknown {
  const { path, query } = entry;
  if (entry.status !== 200 && entry.status !== undefined) return masked(body.toString());
  const size = /raw\/0_1_2\/(\d+)_(\d+)_(\d+)\//.exec(path)?.slice(1).map(Number) ?? [];
  if (/\/seg\d+\/(specific)?blocks/.test(path) && entry.method === "GET") {
    const side = path.includes("/seg16/") ? 16 : 64;
    const compression = query["compression"] ?? (path.includes("specificblocks") ? "blocks" : "lz4");
    return frameLines(body, (payload) => payloadVoxels(payload, compression, side ** 3));
  }
  if (path.includes("/subvolblocks/")) {
    return frameLines(body, (payload) =>
      digest(query["compression"] === "uncompressed" ? payload : decompressLz4(payload.subarray(4), payload.readUInt32LE(0))),
    );
  }
  if (/\/seg\d+\/raw\//.test(path) && entry.method === "GET") {
    const [x, y, z] = size as [number, number, number];
    if (query["compression"] === "lz4") return digest(decompressLz4(body, 8 * x * y * z));
    return digest(decodeCompressedSegmentation(gunzipSync(body), [z, y, x], "uint64") as BigUint64Array);
  }
  if (path.includes("/sparsevol")) {
    if (path.includes("-size")) return body.toString();
    const plain =
      query["compression"] === "lz4" ? decompressLz4(body, 1 << 16) : query["compression"] === "gzip" ? gunzipSync(body) : body;
    if (query["format"] === "blocks") return binaryLines(plain as Buffer);
    // A raw LZ4 block does not tell its length: the header's number of spans does.
    const whole =
      query["compression"] === "lz4"
        ? Buffer.from(plain).subarray(0, 12 + 16 * Buffer.from(plain).readUInt32LE(8))
        : Buffer.from(plain);
    return spanLines(whole, query["format"] !== "srles");
  }
  if (/\/index\/\d+$/.test(path)) return indexLines(body);
  if (path.endsWith("/indices")) return readFields(body).map(([, index]) => indexLines(index as Uint8Array));
  if (path.endsWith("/mappings")) {
    if (query["format"] !== "binary") return sorted(body.toString().split("\n"));
    return sorted(
      Array.from({ length: body.length / 16 }, (_, i) => `${body.readBigUInt64LE(16 * i)} ${body.readBigUInt64LE(16 * i + 8)}`),
    );
  }
  if (/\/supervoxels\/\d+$/.test(path)) return sorted(body.toString().match(/\d+/g) ?? []);
  if (/\/(info|merge|cleave\/\d+)$/.test(path)) return masked(body.toString());
  return path.includes("/mask/") || path.endsWith("/listlabels") ? body.toString("hex") : body.toString();
}

/** Status, types and body of an answer, to be compared with the recorded ones. */
export function alike(entry: Recorded, reply: Reply): { found: unknown; expected: unknown } {
  if (reply.status !== (entry.status ?? 200))
    return { found: `${reply.status}: ${reply.text.slice(0, 500)}`, expected: `${entry.status ?? 200}` };
  return {
    found: { status: reply.status, type: reply.type, body: comparable(entry, reply.body) },
    expected: {
      status: entry.status ?? 200,
      type: entry.contentType === undefined ? reply.type : entry.contentType,
      body: comparable(entry, recordedBody(entry)),
    },
  };
}
