/**
 * Evidence as compact bytes, for the run folder:
 *
 *   "AXEV" | version (1 byte) | a, b, voxels, pairs, plane A, plane B (counts) | pairs | plane A | plane B | CRC-32 of all before
 *
 * Numbers are LEB128. A pair is the step to its a, its b (the step to it where a stays the same) and its voxels; planes are steps.
 */
import { crc32 } from "node:zlib";
import { AxonloomError } from "../errors.ts";
import type { Evidence } from "./types.ts";

const MAGIC = [0x41, 0x58, 0x45, 0x56];
const VERSION = 1;
const MAX_U32 = 2 ** 32 - 1;

/** About 4 to 6 bytes a pair. Throws a `RangeError` when pairs or planes are not sorted (an error of the caller). */
export function encodeEvidence(evidence: Evidence): Uint8Array<ArrayBuffer> {
  const { pairA, pairB, pairVoxels, planeA, planeB } = evidence;
  const bytes = new Uint8Array(64 + pairA.length * 18 + (planeA.length + planeB.length) * 5);
  let at = 0;
  const write = (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`evidence: expected sorted non-negative integers, found a step of ${value}`);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
    bytes[at++] = rest;
  };
  for (const byte of [...MAGIC, VERSION]) bytes[at++] = byte;
  for (const n of [evidence.a, evidence.b, evidence.voxels, pairA.length, planeA.length, planeB.length]) write(n);
  let a = 0;
  let b = 0;
  for (let i = 0; i < pairA.length; i++) {
    write(pairA[i]! - a);
    write(pairA[i] === a ? pairB[i]! - b : pairB[i]!);
    write(pairVoxels[i]!);
    a = pairA[i]!;
    b = pairB[i]!;
  }
  for (const plane of [planeA, planeB]) {
    let last = 0;
    for (const label of plane) {
      write(label - last);
      last = label;
    }
  }
  new DataView(bytes.buffer).setUint32(at, crc32(bytes.subarray(0, at)), true);
  return bytes.slice(0, at + 4);
}

/** The inverse of {@link encodeEvidence}. `E_CHECKPOINT_DAMAGED` when a byte is missing, added or altered. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const end = bytes.length - 4;
  if (end < MAGIC.length + 1) throw damaged(`${bytes.length} bytes are too few`);
  const checksum = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(end, true);
  if (crc32(bytes.subarray(0, end)) !== checksum) throw damaged("its checksum does not hold");
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw damaged("it is no evidence");
  if (bytes[4] !== VERSION) throw damaged(`expected version ${VERSION}, found ${bytes[4]}`);
  let at = 5;
  const read = (max: number) => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= end) throw damaged("it ends in the middle");
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (value > max) throw damaged(`a number is above ${max}`);
      if (byte < 128) return value;
      if (scale > max) throw damaged("a number is too long");
    }
  };
  const [a, b, voxels] = [read(MAX_U32), read(MAX_U32), read(Number.MAX_SAFE_INTEGER)];
  const counts = [read(MAX_U32), read(MAX_U32), read(MAX_U32)] as const;
  if (counts[0] * 3 + counts[1] + counts[2] > end - at) throw damaged("it announces more than it holds");
  const pairA = new Uint32Array(counts[0]);
  const pairB = new Uint32Array(counts[0]);
  const pairVoxels = new Float64Array(counts[0]);
  let lastA = 0;
  let lastB = 0;
  for (let i = 0; i < counts[0]; i++) {
    const step = read(MAX_U32 - lastA);
    pairA[i] = lastA + step;
    pairB[i] = step === 0 ? lastB + read(MAX_U32 - lastB) : read(MAX_U32);
    pairVoxels[i] = read(Number.MAX_SAFE_INTEGER);
    if (pairA[i] === 0 || pairB[i] === 0 || pairVoxels[i] === 0 || (step === 0 && pairB[i] === lastB)) {
      throw damaged("its pairs are not sorted or hold a zero");
    }
    lastA = pairA[i]!;
    lastB = pairB[i]!;
  }
  const readPlane = (length: number) => {
    const plane = new Uint32Array(length);
    let last = 0;
    for (let i = 0; i < length; i++) {
      const step = read(MAX_U32 - last);
      if (step === 0) throw damaged("its planes are not sorted or hold a zero");
      last += step;
      plane[i] = last;
    }
    return plane;
  };
  const planeA = readPlane(counts[1]);
  const planeB = readPlane(counts[2]);
  if (at !== end) throw damaged(`${end - at} bytes too many`);
  return { a, b, voxels, pairA, pairB, pairVoxels, planeA, planeB };
}

function damaged(reason: string): AxonloomError {
  return new AxonloomError(
    "E_CHECKPOINT_DAMAGED",
    `evidence of a face: expected the bytes that were written, but ${reason}; recompute it`,
    {
      reason,
    },
  );
}
