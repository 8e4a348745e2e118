/**
 * Membrane probability from a network in ONNX format, described as BioImage.IO does.
 *
 *   grey ─ preprocessing ─ blocks with margins ─ network ─ cut, mixed where blocks overlap ─ postprocessing ─ probabilities
 *
 * Preprocessing sees the whole bordered box, as the reference runner sees a whole image, then blocks are cut. A network of two space axes
 * gets one plane z at a time, and statistics are those of the plane unless they go over the batch too.
 *
 * One thread a network, so that sums are made in one order. Other processors may round otherwise in the last bits.
 */
import { stat } from "node:fs/promises";
import { z } from "zod";
import { AxonloomError } from "../../../errors.ts";
import { type Vec3, volumeOf } from "../../../geometry/box.ts";
import { hashOfFile } from "../../module-hash.ts";
import type { PlanGeometry, PredictInput, Predictions, StepNeeds } from "../../types.ts";
import { addBlock, blocksOf, isLeftOut, predictBlock, type Run, SPACE } from "./blocks.ts";
import { readModel } from "./model.ts";
import { openNetwork } from "./session.ts";
import { applyStep, checkSteps, type Sample, takesStatistics } from "./steps.ts";
import { type AxisTiles, tileAxis } from "./tiles.ts";
import type { InputTensor, OnnxModel, OutputTensor, SpaceAxis } from "./types.ts";

const length3 = z.array(z.int().min(1)).length(3);

export const onnxPredictParameters = z.strictObject({
  model: z.string().min(1).describe("Description of the model (rdf.yaml, bioimageio.yaml), or the folder that holds it."),
  output: z.string().optional().describe("Output of the network by name; without it the first."),
  channels: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe("Channels of the output that are kept, in this order; without it all."),
  block: length3
    .optional()
    .describe("Voxels that the network sees at once, in z, y, x, its halo included; rounded up to what it takes."),
  overlap: z.int().min(0).default(0).describe("Voxels in which neighbouring blocks are mixed, beside the network's halo."),
  threads: z.int().min(1).default(1).describe("Threads of the network."),
});
type Parameters = z.infer<typeof onnxPredictParameters>;

/** Probabilities as the network gives them after its postprocessing. Throws `E_PLUGIN_RESULT` for values that are none. */
export async function onnxPredict(input: PredictInput<Parameters>): Promise<Predictions> {
  const { gray, inside, mask, shape, parameters, signal } = input;
  const opened = await open(parameters, shape);
  const { model, output, tiles } = opened;
  const run = { ...opened, shape, prepared: prepare(model.input, gray, inside, shape) };
  let result: Float32Array | null = null;
  let channels = 0;
  for (const [iz, iy, ix] of blocksOf(tiles)) {
    signal.throwIfAborted();
    if (isLeftOut(mask, shape, tiles, [iz, iy, ix])) continue;
    const found = await predictBlock(run, gray, [iz, iy, ix]);
    channels = found.channels;
    result ??= new Float32Array(gray.length * channels);
    addBlock(result, found, shape, tiles, [iz, iy, ix]);
  }
  if (result === null) {
    const kept = parameters.channels?.length ?? (await predictBlock(run, gray, [0, 0, 0])).channels;
    return { data: new Float32Array(gray.length * kept), shape: [...shape, kept] };
  }
  const sample: Sample = { data: result, channels, weights: mask ?? inside };
  const reference: Sample = {
    data: Float32Array.from({ length: 256 }, (_, level) => level),
    channels: 1,
    weights: histogram(gray, inside),
  };
  for (const step of output.steps) applyStep(step, sample, reference);
  return selected(result, channels, shape, input);
}

async function open(parameters: Parameters, shape: Vec3): Promise<Omit<Run, "shape" | "prepared">> {
  const model = await readModel(parameters.model);
  const { output, index } = outputOf(model, parameters);
  const network = await openNetwork(model.weights, parameters.threads);
  const tiles = SPACE.map((axis, i) => tilesOf(axis, shape[i]!, model.input, output, parameters, i)) as [
    AxisTiles,
    AxisTiles,
    AxisTiles,
  ];
  return { network, model, output, index, tiles };
}

/** Values that a network is taken to hold at once for each voxel of a block: nothing but running it tells. */
const VALUES_IN_NETWORK = 64;

/** Runs one block of zeros, which tells the channels. */
export async function onnxPredictNeeds(given: Readonly<Record<string, unknown>>, { shape }: PlanGeometry): Promise<StepNeeds> {
  const parameters = given as Parameters;
  const opened = await open(parameters, shape);
  const one = { ...opened, shape: [1, 1, 1] as const, prepared: [new Float32Array(256)] };
  const { channels } = await predictBlock(one, new Uint8Array(1), [0, 0, 0]);
  const kept = parameters.channels?.length ?? channels;
  const block = opened.tiles.reduce((product, tile) => product * tile.block, 1);
  const { size } = await stat(opened.model.weights);
  const bytes = 4 * volumeOf(shape) * (channels + kept) + size + 4 * VALUES_IN_NETWORK * block;
  return { bytes, channels: kept, warnings: [] };
}

/** Opens the model and the network, and looks whether this program can run it. */
export async function checkOnnxPredict(parameters: Readonly<Record<string, unknown>>): Promise<void> {
  const given = parameters as Parameters;
  const model = await readModel(given.model);
  const { output } = outputOf(model, given);
  checkSteps(model.input.steps, `model ${model.path}, preprocessing`);
  checkSteps(output.steps, `model ${model.path}, postprocessing`);
  const fail = (text: string) => new AxonloomError("E_CONFIG_UNSUPPORTED", `model ${model.path}: ${text}`, { model: model.path });
  if (model.input.channels !== 1) throw fail(`expected an input of one channel (grey values), found ${model.input.channels}`);
  if (model.input.dtype !== "float32" && model.input.dtype !== "uint8") {
    throw fail(`expected an input of float32 or uint8, found ${model.input.dtype}`);
  }
  const found = await hashOfFile(model.weights).catch(() => null);
  if (found === null)
    throw new AxonloomError("E_PLUGIN_NOT_FOUND", `model ${model.path}: its weights ${model.weights} cannot be read`);
  if (model.sha256 !== null && model.sha256.toLowerCase() !== found) {
    throw fail(
      `expected weights with the SHA-256 ${model.sha256}, found ${found}: the file is damaged or another one; fetch it again`,
    );
  }
  const network = await openNetwork(model.weights, given.threads);
  if (network.outputs.length < model.outputs.length) {
    throw fail(`expected ${model.outputs.length} outputs in the network, found ${network.outputs.length}`);
  }
  for (const [i, axis] of SPACE.entries()) tilesOf(axis, 1 << 20, model.input, output, given, i);
}

/** What the result depends on beside the parameters. */
export async function onnxPredictIdentity(parameters: Readonly<Record<string, unknown>>): Promise<string> {
  const { path, weights } = await readModel((parameters as Parameters).model);
  return `${await hashOfFile(path)} ${await hashOfFile(weights)}`;
}

function outputOf(model: OnnxModel, { output: name }: Parameters): { output: OutputTensor; index: number } {
  const index = name === undefined ? 0 : model.outputs.findIndex((output) => output.name === name);
  const output = model.outputs[index];
  if (output !== undefined) return { output, index };
  const names = model.outputs.map((output) => output.name).join(", ");
  throw new AxonloomError("E_CONFIG_INVALID", `model ${model.path}: expected an output among ${names}, found ${name}`, {
    output: name,
  });
}

function tilesOf(
  axis: SpaceAxis,
  length: number,
  input: InputTensor,
  output: OutputTensor,
  { block, overlap }: Parameters,
  i: number,
): AxisTiles {
  const rule = input.sizes[axis];
  if (rule === undefined) return tileAxis(length, { min: 1, step: 0 }, 0, 1, 0); // one plane at a time
  try {
    return tileAxis(length, rule, (output.crop[axis] ?? 0) + (output.halo[axis] ?? 0), block?.[i] ?? null, overlap);
  } catch (error) {
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `onnx_predict, axis ${axis}: ${(error as Error).message}; give a larger block or a smaller overlap`,
    );
  }
}

/** Grey levels after preprocessing. */
function prepare(tensor: InputTensor, gray: Uint8Array, inside: Uint8Array | null, shape: Vec3): Float32Array[] {
  const flat = tensor.sizes.z === undefined;
  const perPlane = flat && tensor.steps.some((step) => takesStatistics(step) && step.axes !== null && !step.axes.includes("b"));
  const plane = shape[1] * shape[2];
  const parts = perPlane ? shape[0] : 1;
  return Array.from({ length: parts }, (_, k) => {
    const part = perPlane ? gray.subarray(k * plane, (k + 1) * plane) : gray;
    const within = perPlane ? (inside?.subarray(k * plane, (k + 1) * plane) ?? null) : inside;
    const levels: Sample = {
      data: Float32Array.from({ length: 256 }, (_, level) => level),
      channels: 1,
      weights: histogram(part, within),
    };
    for (const step of tensor.steps) applyStep(step, levels, null);
    return levels.data;
  });
}

function histogram(gray: Uint8Array, inside: Uint8Array | null): Float64Array {
  const counts = new Float64Array(256);
  for (let i = 0; i < gray.length; i++) if (inside === null || inside[i] === 1) counts[gray[i]!]! += 1;
  return counts;
}

/** Rounding may leave [0, 1] by so much. */
const TOLERANCE = 1e-5;

function selected(
  data: Float32Array,
  channels: number,
  shape: Vec3,
  { parameters, subvolume, mask }: PredictInput<Parameters>,
): Predictions {
  const kept = parameters.channels ?? Array.from({ length: channels }, (_, c) => c);
  const fail = (text: string) =>
    new AxonloomError("E_PLUGIN_RESULT", `predict-voxels (onnx_predict ${parameters.model}), subvolume ${subvolume}: ${text}`, {
      subvolume,
    });
  const missing = kept.find((c) => c >= channels);
  if (missing !== undefined) throw fail(`expected channels 0 to ${channels - 1}, found ${missing} in "channels"`);
  const voxels = data.length / channels;
  const result = new Float32Array(voxels * kept.length);
  for (let v = 0, to = 0; v < voxels; v++) {
    if (mask?.[v] === 0) {
      to += kept.length; // its block may not have been run
      continue;
    }
    for (const c of kept) {
      const value = data[v * channels + c]!;
      if (!(value >= -TOLERANCE && value <= 1 + TOLERANCE)) {
        throw fail(
          `expected probabilities from 0 to 1, found ${value}; end the network's postprocessing with sigmoid, softmax or clip`,
        );
      }
      result[to++] = Math.min(1, Math.max(0, value));
    }
  }
  return { data: result, shape: [...shape, kept.length] };
}
