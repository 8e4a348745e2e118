/**
 * Probabilities as integer levels, so that watershed and region graph are exact: u8 probabilities stay what they are (255 = 1),
 * floats become round(p * 65535).
 */
import { AxonloomError } from "../errors.ts";
import type { Predictions } from "./types.ts";

export interface Levels {
  readonly data: Uint8Array | Uint16Array;
  /** The level of probability 1. */
  readonly top: 255 | 65535;
}

/** One channel of the predictions: the data itself when there is but one. @param plugin for the error text. */
export function channelOf({ data, shape }: Predictions, channel: number, plugin: string): Float32Array | Uint8Array {
  const channels = shape[3];
  if (channel >= channels) {
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `${plugin}: boundary_channel ${channel} does not exist: the predictions have ${channels} channel${channels === 1 ? "" : "s"}, counted from 0`,
      { channel, channels },
    );
  }
  if (channels === 1) return data;
  const length = data.length / channels;
  const result = data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  for (let i = 0, j = channel; i < length; i++, j += channels) result[i] = data[j]!;
  return result;
}

/** Levels of probabilities, any shape: u8 as they are (top 255), floats in [0, 1] as round(p · 65535). */
export function levelsOf(probabilities: Float32Array | Uint8Array): Levels {
  if (probabilities instanceof Uint8Array) return { data: probabilities, top: 255 };
  const data = new Uint16Array(probabilities.length);
  // exact: the product has 40 bits
  for (let i = 0; i < data.length; i++) data[i] = probabilities[i]! * 65535 + 0.5;
  return { data, top: 65535 };
}

/**
 * 1 where p <= threshold (or p < threshold when `strict`) and the mask is not 0. Compared as float32, so that a map stored as
 * float32, or 51 / 255 in u8, is at 0.2 when it was made from 0.2.
 */
export function atMost(
  probabilities: Float32Array | Uint8Array,
  threshold: number,
  mask: Uint8Array | null,
  strict = false,
): Uint8Array {
  const limit = Math.fround(threshold);
  const result = new Uint8Array(probabilities.length);
  if (probabilities instanceof Uint8Array) {
    const passes = Uint8Array.from({ length: 256 }, (_, v) => {
      const p = Math.fround(v / 255);
      return (strict ? p < limit : p <= limit) ? 1 : 0;
    });
    for (let i = 0; i < result.length; i++) result[i] = passes[probabilities[i]!]!;
  } else {
    for (let i = 0; i < result.length; i++) {
      const p = probabilities[i]!;
      result[i] = p < limit || (p === limit && !strict) ? 1 : 0;
    }
  }
  if (mask !== null) for (let i = 0; i < result.length; i++) result[i]! &= mask[i]!;
  return result;
}
