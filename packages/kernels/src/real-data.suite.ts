/** Real volumes for tests; where the data folder is absent, `fib25Available` is false. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Folder of the real data; may not exist. */
export const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));

const folder = `${DATA}/fib25-training2`;

export const fib25Available = existsSync(folder);

/** Labels of 250³ voxels: supervoxels (`ws`) or ground truth (`gt`). */
export function fib25Labels(name: "ws" | "gt"): Uint32Array<ArrayBuffer> {
  const npy = gunzipSync(readFileSync(`${folder}/${name}.npy.gz`));
  const start = npy.byteOffset + npy.length - 4 * 250 ** 3;
  return new Uint32Array((npy.buffer as ArrayBuffer).slice(start, start + 4 * 250 ** 3));
}

/** Membrane probability × 255 of the same voxels. */
export function fib25Membrane(): Uint8Array {
  return gunzipSync(readFileSync(`${folder}/membrane_prob_derived.u8.raw.gz`));
}

/** The values of a .npy.gz file of 32-bit numbers under the data folder. */
export function readNpy32<T extends Uint32Array | Float32Array>(Type: new (buffer: ArrayBuffer) => T, path: string): T {
  const npy = gunzipSync(readFileSync(`${DATA}/${path}`));
  const start = 10 + npy.readUInt16LE(8);
  return new Type(Uint8Array.from(npy.subarray(start)).buffer);
}

/** A file of bytes recorded from a DVID server; names ending in .gz come unpacked. */
export function dvidGolden(name: string): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(`${DATA}/dvid-golden/${name}`);
  return new Uint8Array(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

export const dvidGoldenAvailable = existsSync(`${DATA}/dvid-golden`);
