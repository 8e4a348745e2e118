/**
 * Pre- and postprocessing steps of BioImage.IO, on samples with weights: each value stands for so many voxels. Grey values are prepared as
 * the 256 levels with their counts, outputs as voxels of weight one; so both use the same code.
 *
 * Statistics are taken in float64 over all values of weight above 0, in their order. Percentiles interpolate linearly, as NumPy does.
 */
import { AxonloomError } from "../../../errors.ts";
import type { ProcessingStep } from "./types.ts";

export interface Sample {
  /** Channel last. Overwritten by the steps. */
  readonly data: Float32Array;
  readonly channels: number;
  /** By voxel; null = one each. */
  readonly weights: Float64Array | Uint8Array | null;
}

interface Known {
  readonly elementwise: readonly string[];
  readonly other: readonly string[];
}

const KNOWN: Known = {
  elementwise: ["ensure_dtype", "scale_linear", "clip", "binarize", "sigmoid", "fixed_zero_mean_unit_variance"],
  other: ["zero_mean_unit_variance", "scale_range", "scale_mean_variance", "softmax"],
};

/** `E_CONFIG_UNSUPPORTED` for a step that is none of the known ones. */
export function checkSteps(steps: readonly ProcessingStep[], where: string): void {
  const names = [...KNOWN.elementwise, ...KNOWN.other];
  for (const { id } of steps) {
    if (names.includes(id)) continue;
    throw new AxonloomError("E_CONFIG_UNSUPPORTED", `${where}: expected steps among ${names.join(", ")}, found ${id}`, {
      step: id,
    });
  }
}

/** Whether a step takes statistics over the sample, so that its result depends on what is in it. */
export function takesStatistics({ id, kwargs }: ProcessingStep): boolean {
  if (id === "clip") return kwargs["min_percentile"] !== undefined || kwargs["max_percentile"] !== undefined;
  return ["zero_mean_unit_variance", "scale_range", "scale_mean_variance"].includes(id);
}

/** @param reference the input's values, which `scale_mean_variance` looks at. */
export function applyStep({ id, kwargs, axes }: ProcessingStep, sample: Sample, reference: Sample | null): void {
  const { data, channels } = sample;
  const perChannel = axes !== null && !axes.includes("c");
  const eps = number(kwargs["eps"], 1e-6);
  switch (id) {
    case "ensure_dtype":
      if (/int/.test(String(kwargs["dtype"]))) each(sample, (v) => Math.trunc(v));
      return;
    case "scale_linear": {
      const gain = list(kwargs["gain"], 1, channels);
      const offset = list(kwargs["offset"], 0, channels);
      each(sample, (v, c) => v * gain[c]! + offset[c]!);
      return;
    }
    case "clip": {
      const low = limitOf(sample, kwargs["min"], kwargs["min_percentile"], perChannel);
      const high = limitOf(sample, kwargs["max"], kwargs["max_percentile"], perChannel);
      each(sample, (v, c) => Math.min(Math.max(v, low?.[c] ?? v), high?.[c] ?? Number.POSITIVE_INFINITY));
      return;
    }
    case "binarize": {
      const threshold = list(kwargs["threshold"], 0, channels);
      each(sample, (v, c) => (v > threshold[c]! ? 1 : 0));
      return;
    }
    case "sigmoid":
      each(sample, (v) => 1 / (1 + Math.exp(-v)));
      return;
    case "softmax":
      softmax(data, channels);
      return;
    case "fixed_zero_mean_unit_variance": {
      const mean = list(kwargs["mean"], 0, channels);
      const std = list(kwargs["std"], 1, channels);
      each(sample, (v, c) => (v - mean[c]!) / std[c]!);
      return;
    }
    case "zero_mean_unit_variance": {
      const found = meansOf(sample, perChannel);
      each(sample, (v, c) => (v - found[c]!.mean) / (found[c]!.std + eps));
      return;
    }
    case "scale_range": {
      const low = percentilesOf(sample, number(kwargs["min_percentile"], 0), perChannel);
      const high = percentilesOf(sample, number(kwargs["max_percentile"], 100), perChannel);
      each(sample, (v, c) => (v - low[c]!) / (high[c]! - low[c]! + eps));
      return;
    }
    case "scale_mean_variance": {
      const own = meansOf(sample, perChannel);
      const [wanted] = meansOf(reference!, false);
      each(sample, (v, c) => ((v - own[c]!.mean) / (own[c]!.std + eps)) * (wanted!.std + eps) + wanted!.mean);
      return;
    }
  }
}

function each({ data, channels }: Sample, f: (value: number, channel: number) => number): void {
  for (let i = 0, c = 0; i < data.length; i++) {
    data[i] = f(data[i]!, c);
    if (++c === channels) c = 0;
  }
}

/** Along the channels of each voxel. */
function softmax(data: Float32Array, channels: number): void {
  for (let at = 0; at < data.length; at += channels) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < channels; c++) largest = Math.max(largest, data[at + c]!);
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.exp(data[at + c]! - largest);
    for (let c = 0; c < channels; c++) data[at + c] = Math.exp(data[at + c]! - largest) / sum;
  }
}

function meansOf({ data, channels, weights }: Sample, perChannel: boolean): { mean: number; std: number }[] {
  const groups = perChannel ? channels : 1;
  const sums = new Float64Array(groups);
  const squares = new Float64Array(groups);
  const counts = new Float64Array(groups);
  const pass = (f: (group: number, value: number, weight: number) => void) => {
    for (let i = 0; i < data.length; i++) {
      const weight = weights === null ? 1 : weights[Math.floor(i / channels)]!;
      if (weight > 0) f(perChannel ? i % channels : 0, data[i]!, weight);
    }
  };
  pass((g, value, weight) => {
    sums[g]! += value * weight;
    counts[g]! += weight;
  });
  pass((g, value, weight) => {
    const d = value - sums[g]! / counts[g]!;
    squares[g]! += d * d * weight;
  });
  return Array.from({ length: channels }, (_, c) => {
    const g = perChannel ? c : 0;
    return { mean: sums[g]! / counts[g]!, std: Math.sqrt(squares[g]! / counts[g]!) };
  });
}

/** By channel. */
function percentilesOf({ data, channels, weights }: Sample, percent: number, perChannel: boolean): number[] {
  const one = (channel: number | null) => {
    if (!(weights instanceof Float64Array)) return percentileOf(chosen(data, channels, weights, channel), percent);
    const order: number[] = [];
    let total = 0;
    for (let i = 0; i < data.length; i++) {
      const weight = weights === null ? 1 : weights[Math.floor(i / channels)]!;
      if (weight === 0 || (channel !== null && i % channels !== channel)) continue;
      order.push(i);
      total += weight;
    }
    if (order.length === 0) return 0;
    order.sort((a, b) => data[a]! - data[b]!);
    const place = (percent / 100) * (total - 1);
    const at = (rank: number) => {
      let seen = 0;
      for (const i of order) {
        seen += weights === null ? 1 : weights[Math.floor(i / channels)]!;
        if (rank < seen) return data[i]!;
      }
      return data[order.at(-1)!]!;
    };
    const low = at(Math.floor(place));
    return low + (at(Math.ceil(place)) - low) * (place - Math.floor(place));
  };
  if (!perChannel) return new Array<number>(channels).fill(one(null));
  return Array.from({ length: channels }, (_, c) => one(c));
}

/** Values of a channel, or of all, where the weight is not 0. */
function chosen(data: Float32Array, channels: number, weights: Uint8Array | null, channel: number | null): Float32Array {
  const keep = (i: number) =>
    (weights === null || weights[Math.floor(i / channels)] !== 0) && (channel === null || i % channels === channel);
  let n = 0;
  for (let i = 0; i < data.length; i++) if (keep(i)) n++;
  const values = new Float32Array(n);
  for (let i = 0, k = 0; i < data.length; i++) if (keep(i)) values[k++] = data[i]!;
  return values;
}

/** Sorts the values. */
function percentileOf(values: Float32Array, percent: number): number {
  if (values.length === 0) return 0;
  values.sort();
  const place = (percent / 100) * (values.length - 1);
  const low = values[Math.floor(place)]!;
  return low + (values[Math.ceil(place)]! - low) * (place - Math.floor(place));
}

function limitOf(sample: Sample, fixed: unknown, percent: unknown, perChannel: boolean): readonly number[] | null {
  if (percent !== undefined) return percentilesOf(sample, Number(percent), perChannel);
  return fixed === undefined || fixed === null ? null : new Array<number>(sample.channels).fill(Number(fixed));
}

function number(value: unknown, otherwise: number): number {
  return value === undefined || value === null ? otherwise : Number(value);
}

function list(value: unknown, otherwise: number, channels: number): readonly number[] {
  if (Array.isArray(value) && value.length > 1) return value.map(Number);
  return new Array<number>(channels).fill(number(Array.isArray(value) ? value[0] : value, otherwise));
}
