/** Arrays in gzip'd files: decompressed in one stream into memory, written whole. */
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { readFailure, writeFailure } from "./files.ts";

/** Largest array that is kept in memory, in bytes: what one typed array of Node.js holds. */
export const LARGEST_INFLATED_BYTES = 2 ** 32;

/** The first bytes of a file, unpacked when it is gzip'd. */
export interface FileHead {
  readonly gzip: boolean;
  /** At most `count` bytes; fewer when the content is shorter. */
  readonly bytes: Uint8Array;
}

/** Looks at the first `count` bytes of the content. */
export async function readHead(source: string, path: string, count: number, options: CallOptions = {}): Promise<FileHead> {
  try {
    const bytes = await firstBytes(path, count);
    options.signal?.throwIfAborted();
    return isGzip(bytes) ? { gzip: true, bytes: await inflatedHead(path, count) } : { gzip: false, bytes };
  } catch (error) {
    throw readFailure(source, path, error, options);
  }
}

/** Whether the file's first two bytes are those of gzip. Throws as {@link readFailure}. */
export async function startsLikeGzip(source: string, path: string): Promise<boolean> {
  try {
    return isGzip(await firstBytes(path, 2));
  } catch (error) {
    throw readFailure(source, path, error);
  }
}

async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(count);
    const { bytesRead } = await file.read(buffer, 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function inflatedHead(path: string, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const file = createReadStream(path);
  const unpacked = file.pipe(createGunzip());
  file.on("error", (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked) {
      parts.push(chunk);
      length += chunk.length;
      if (length >= count) break;
    }
  } finally {
    file.destroy();
  }
  return Buffer.concat(parts).subarray(0, count);
}

/** Decompresses the file and returns the `bytes` bytes after the first `skip`; the content must end there. */
export async function inflateFile(source: string, path: string, skip: number, bytes: number): Promise<Uint8Array> {
  if (bytes > LARGEST_INFLATED_BYTES) {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: ${path} unpacks to ${bytes} bytes, more than the ${LARGEST_INFLATED_BYTES} that are held in memory; unpack it first (gunzip)`,
      { source, path, bytes },
    );
  }
  const target = new Uint8Array(bytes);
  let position = -skip;
  const take = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      const from = Math.max(0, Math.min(chunk.length, -position));
      if (position + chunk.length > bytes) throw lengthError(source, path, skip + bytes, "more");
      target.set(chunk.subarray(from), position + from);
      position += chunk.length;
    }
  };
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), createGunzip({ chunkSize: 1 << 20 }), take);
  } catch (error) {
    throw readFailure(source, path, error);
  }
  if (position !== bytes) throw lengthError(source, path, skip + bytes, `only ${skip + position}`);
  return target;
}

function lengthError(source: string, path: string, expected: number, found: string): AxonloomError {
  return new AxonloomError(
    "E_SOURCE_DAMAGED",
    `${source}: ${path} should unpack to ${expected} bytes but has ${found}; it is damaged, or described wrongly`,
    { source, path, expected },
  );
}

/** Writes the pieces, gzip'd, to `path`. */
export async function deflateFile(
  source: string,
  path: string,
  pieces: Iterable<Uint8Array>,
  options: CallOptions = {},
): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), createGzip({ level: 6 }), createWriteStream(path), options);
  } catch (error) {
    throw writeFailure(source, path, error, options);
  }
}
