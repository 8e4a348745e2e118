/** Tensors of BioImage.IO 0.5: axes are objects. */
import type { Axis, InputTensor, OutputTensor, ProcessingStep, SizeRule, SpaceAxis } from "./types.ts";

type Raw = Readonly<Record<string, unknown>>;
type Fail = (text: string) => Error;

export function parseTensors5(raw: Raw, fail: Fail): { input: InputTensor; outputs: OutputTensor[] } {
  const inputs = (raw["inputs"] as Raw[]).filter((tensor) => tensor["optional"] !== true);
  if (inputs.length !== 1) throw fail(`expected one input, found ${inputs.length}`);
  const input = inputOf(inputs[0]!, fail);
  return { input, outputs: (raw["outputs"] as Raw[]).map((tensor) => outputOf(tensor, input, fail)) };
}

function inputOf(raw: Raw, fail: Fail): InputTensor {
  const axes = axesOf(raw);
  const sizes: Partial<Record<SpaceAxis, SizeRule>> = {};
  const scales: Partial<Record<SpaceAxis, number>> = {};
  let channels = 1;
  for (const axis of axes) {
    const letter = letterOf(axis, fail);
    const { size } = axis;
    if (letter === "c") channels = (axis["channel_names"] as unknown[] | undefined)?.length ?? 1;
    else if (letter !== "b") {
      scales[letter] = Number(axis["scale"] ?? 1);
      if (typeof size === "number") sizes[letter] = { min: size, step: 0 };
      else if (isRecord(size) && typeof size["min"] === "number" && typeof size["step"] === "number") {
        sizes[letter] = { min: size["min"], step: size["step"] };
      } else throw fail(`input ${raw["id"]}, axis ${letter}: expected a size, or min and step, found ${JSON.stringify(size)}`);
    }
  }
  return {
    name: String(raw["id"]),
    axes: axes.map((axis) => letterOf(axis, fail)),
    sizes,
    scales,
    channels,
    dtype: dtypeOf(raw),
    steps: stepsOf(raw["preprocessing"]),
  };
}

function outputOf(raw: Raw, input: InputTensor, fail: Fail): OutputTensor {
  const crop: Partial<Record<SpaceAxis, number>> = {};
  const halo: Partial<Record<SpaceAxis, number>> = {};
  for (const axis of axesOf(raw)) {
    const letter = letterOf(axis, fail);
    if (letter === "b" || letter === "c") continue;
    const { size } = axis;
    const where = `output ${raw["id"]}, axis ${letter}`;
    let offset = 0;
    if (typeof size === "number") offset = size - (input.sizes[letter]?.min ?? size);
    else if (isRecord(size) && size["axis_id"] !== undefined) {
      offset = Number(size["offset"] ?? 0);
      // size = reference size · reference scale / own scale + offset
      const [own, wanted] = [Number(axis["scale"] ?? 1), input.scales?.[letter] ?? 1];
      if (Math.abs(own - wanted) > 1e-9 * wanted) throw fail(`${where}: expected the input's scale ${wanted}, found ${own}`);
    } else throw fail(`${where}: expected a size that follows the input's, found ${JSON.stringify(size)}`);
    if (offset > 0 || offset % 2 !== 0) throw fail(`${where}: expected as many voxels as the input or an even number fewer`);
    crop[letter] = -offset / 2;
    halo[letter] = Number(axis["halo"] ?? 0);
  }
  const axes = axesOf(raw).map((axis) => letterOf(axis, fail));
  return { name: String(raw["id"]), axes, crop, halo, steps: stepsOf(raw["postprocessing"]) };
}

function axesOf(raw: Raw): Raw[] {
  return raw["axes"] as Raw[];
}

function letterOf(axis: Raw, fail: Fail): Axis {
  const id = axis["type"] === "batch" ? "b" : axis["type"] === "channel" ? "c" : String(axis["id"] ?? "x");
  if (["b", "c", "z", "y", "x"].includes(id)) return id as Axis;
  throw fail(`expected axes of batch, channel and space (z, y, x), found ${axis["type"]} ${id}`);
}

function dtypeOf(raw: Raw): string {
  const data = raw["data"];
  return isRecord(data) && typeof data["type"] === "string" ? data["type"] : "float32";
}

function stepsOf(raw: unknown): ProcessingStep[] {
  const names: Readonly<Record<string, string>> = { batch: "b", channel: "c" };
  return ((raw as Raw[] | undefined) ?? []).map((step) => {
    const kwargs = isRecord(step["kwargs"]) ? step["kwargs"] : {};
    const axes = kwargs["axes"] ?? null;
    return {
      id: String(step["id"]),
      kwargs,
      axes: Array.isArray(axes) ? axes.map((axis) => names[String(axis)] ?? String(axis)) : null,
    };
  });
}

function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
