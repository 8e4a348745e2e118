/** Tensors of BioImage.IO 0.4: axes are letters, shapes are lists. */
import type { Axis, InputTensor, OutputTensor, ProcessingStep, SizeRule, SpaceAxis } from "./types.ts";

type Raw = Readonly<Record<string, unknown>>;
type Fail = (text: string) => Error;

export function parseTensors4(raw: Raw, fail: Fail): { input: InputTensor; outputs: OutputTensor[] } {
  const inputs = raw["inputs"] as Raw[];
  if (inputs.length !== 1) throw fail(`expected one input, found ${inputs.length}`);
  const input = inputOf(inputs[0]!, fail);
  return { input, outputs: (raw["outputs"] as Raw[]).map((tensor) => outputOf(tensor, input, fail)) };
}

function inputOf(raw: Raw, fail: Fail): InputTensor {
  const axes = axesOf(raw, fail);
  const shape = raw["shape"] as readonly number[] | { readonly min: readonly number[]; readonly step: readonly number[] };
  const sizes: Partial<Record<SpaceAxis, SizeRule>> = {};
  let channels = 1;
  axes.forEach((axis, i) => {
    const rule = Array.isArray(shape) ? { min: shape[i], step: 0 } : ruleAt(shape as never, i);
    if (axis === "c") channels = rule.min;
    else if (axis !== "b") sizes[axis] = rule;
  });
  return {
    name: String(raw["name"]),
    axes,
    sizes,
    channels,
    dtype: String(raw["data_type"] ?? "float32"),
    steps: stepsOf(raw["preprocessing"]),
  };
}

function ruleAt({ min, step }: { readonly min: readonly number[]; readonly step: readonly number[] }, i: number): SizeRule {
  return { min: min[i]!, step: step[i]! };
}

function outputOf(raw: Raw, input: InputTensor, fail: Fail): OutputTensor {
  const axes = axesOf(raw, fail);
  const { shape } = raw as { shape: readonly number[] | { scale: readonly (number | null)[]; offset: readonly number[] } };
  const crop: Partial<Record<SpaceAxis, number>> = {};
  const halo: Partial<Record<SpaceAxis, number>> = {};
  axes.forEach((axis, i) => {
    if (axis === "b" || axis === "c") return;
    const where = `output ${raw["name"]}, axis ${axis}`;
    // size = reference · scale + 2 · offset
    let offset: number;
    if ("scale" in shape) {
      if (shape.scale[i] !== 1) throw fail(`${where}: expected the input's scale, found ${shape.scale[i]}`);
      offset = shape.offset[i]!;
    } else offset = (shape[i]! - (input.sizes[axis]?.min ?? shape[i]!)) / 2;
    if (offset > 0 || !Number.isInteger(offset)) {
      throw fail(`${where}: expected as many voxels as the input or an even number fewer`);
    }
    crop[axis] = -offset;
    halo[axis] = (raw["halo"] as readonly number[] | undefined)?.[i] ?? 0;
  });
  return { name: String(raw["name"]), axes, crop, halo, steps: stepsOf(raw["postprocessing"]) };
}

function axesOf(raw: Raw, fail: Fail): Axis[] {
  const axes = [...String(raw["axes"])];
  if (axes.every((axis) => "bczyx".includes(axis))) return axes as Axis[];
  throw fail(`expected axes of b, c, z, y, x, found ${raw["axes"]}`);
}

/** The names of 0.5. */
function stepsOf(raw: unknown): ProcessingStep[] {
  return ((raw as Raw[] | undefined) ?? []).map((step) => {
    const { axes, mode, ...kwargs } = (step["kwargs"] ?? {}) as Record<string, unknown>;
    const fixed = step["name"] === "zero_mean_unit_variance" && mode === "fixed";
    const joint = mode === "per_dataset" ? ["b"] : [];
    return {
      id: fixed ? "fixed_zero_mean_unit_variance" : String(step["name"]),
      kwargs,
      axes: typeof axes === "string" ? [...joint, ...axes] : null,
    };
  });
}
