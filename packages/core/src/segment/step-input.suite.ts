/** Arguments of a step for tests: a box at the origin with nothing special about it. */
import { boxOfShape, type Vec3 } from "../geometry/box.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { PluginContext } from "./types.ts";

export function contextOf<P>(shape: Vec3, parameters: P, inside: Uint8Array | null = null): PluginContext<P> {
  return {
    subvolume: 7,
    bordered: boxOfShape(shape),
    core: boxOfShape(shape),
    shape,
    voxelSizeNm: [8, 8, 8],
    parameters,
    logger: silentLogger,
    signal: new AbortController().signal,
    inside,
  };
}

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const log = (level: string) => (message: string) => lines.push(`${level}: ${message}`);
  return { lines, debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

/** Seeded numbers from 0 to 1 (Mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
