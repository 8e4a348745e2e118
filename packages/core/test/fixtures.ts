/** Small volumes and configurations for tests of whole runs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, type CreateSegmentationOptions, createSegmentation, parseConfig, type RunEvent } from "@axonloom/core";
import { onTestFinished } from "vitest";

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a NumPy 1.0 file; x varies fastest. */
export function writeNpy(path: string, data: Uint8Array | Uint32Array | BigUint64Array, shape: readonly number[]): void {
  const type = data instanceof Uint8Array ? "|u1" : data instanceof Uint32Array ? "<u4" : "<u8";
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(path, Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(header, "latin1"), bytes]));
}

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Cells around random points with dark walls, and the number of the nearest point. */
export function cells(
  shape: readonly [number, number, number],
  points: number,
  seed = 1,
): { gray: Uint8Array; truth: Uint32Array } {
  const next = random(seed);
  const centres = Array.from({ length: points }, () => [next() * shape[0], next() * shape[1], next() * shape[2]] as const);
  const gray = new Uint8Array(shape[0] * shape[1] * shape[2]);
  const truth = new Uint32Array(gray.length);
  let i = 0;
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++, i++) {
        let [first, second, nearest] = [Infinity, Infinity, 0];
        for (let c = 0; c < points; c++) {
          const [cz, cy, cx] = centres[c]!;
          const distance = Math.sqrt((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2);
          if (distance < first) [second, first, nearest] = [first, distance, c + 1];
          else if (distance < second) second = distance;
        }
        truth[i] = nearest;
        gray[i] = (second - first < 3 ? 40 : 170) + Math.floor(next() * 20);
      }
    }
  }
  return { gray, truth };
}

/** A configuration in the paper's form: 96³ cells in chunks of 32 with border 8, everything in `folder`. */
export function smallConfig(
  folder: string,
  options: Record<string, unknown> = {},
  rest: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    input: { source: "gray.npy" },
    output: { destination: "precomputed://segmentation" },
    ...rest,
    options: { "chunk-size": 32, border: 8, "checkpoint-dir": join(folder, "run"), ...options },
  };
}

/** Options that make 8 subvolumes of the small volume. */
export const EIGHT = { "chunk-size": 64 };

/** A region of interest of the small volume: two of its 27 subvolumes. */
export const TWO_SUBVOLUMES = {
  roi: {
    box: [
      [0, 0, 0],
      [64, 32, 32],
    ],
  },
};

const SHAPE = [96, 96, 96] as const;
let gray: Uint8Array | null = null;

/** A folder with `gray.npy`, 96³, that goes when the test ends. */
export function smallVolume(): string {
  const { folder, remove } = smallVolumeIn();
  onTestFinished(remove);
  return folder;
}

/** The same for several tests, which remove it. */
export function smallVolumeIn(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-test-"));
  gray ??= cells(SHAPE, 60).gray;
  writeNpy(join(folder, "gray.npy"), gray, SHAPE);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function configOf(folder: string, options: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): Config {
  return parseConfig(smallConfig(folder, options, rest), { baseFolder: folder });
}

/** Runs and gives the summary, the certificate and all events. */
export async function runSmall(config: Config, options: CreateSegmentationOptions = {}) {
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const result = await createSegmentation(config, { workers: 2, ...options, onEvent });
  return { ...result, events };
}
