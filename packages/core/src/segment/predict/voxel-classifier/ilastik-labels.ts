/** Labels that people drew in a project of ilastik, whether it was trained or not. */
import type { CallOptions } from "../../../call-options.ts";
import { AxonloomError } from "../../../errors.ts";
import type { Vec3 } from "../../../geometry/box.ts";
import { type Hdf5File, withHdf5 } from "../../../hdf5/index.ts";
import { modelError } from "../ilastik/model.ts";
import { axesOfTags, imageAxes } from "../ilastik/project.ts";

const SETS = "/PixelClassification/LabelSets";

export interface DrawnLabels {
  /** Of label 1, 2, …. */
  readonly names: readonly string[];
  /** Where they lie in the project's image, z, y, x, and their labels. */
  readonly places: readonly Vec3[];
  readonly labels: readonly number[];
}

/** Throws what opening throws, `E_SOURCE_DAMAGED`, or `E_TRAIN` when the project has no labels, or labels of several images or times. */
export async function readDrawnLabels(path: string, options: CallOptions = {}): Promise<DrawnLabels> {
  return await withHdf5(path, readAll, options);
}

function readAll(file: Hdf5File): DrawnLabels {
  const { path } = file;
  if (file.kindOf("/PixelClassification") !== "group") {
    const details = "expected a project of ilastik's Pixel Classification, found none; correct the path";
    throw modelError("E_SOURCE_UNSUPPORTED", path, details);
  }
  const sets = file.kindOf(SETS) === "group" ? file.names(SETS).filter((name) => file.names(`${SETS}/${name}`).length > 0) : [];
  const refused = (found: string) =>
    new AxonloomError("E_TRAIN", `${path}: expected labels of one image, found ${found}`, { path });
  if (sets.length === 0) throw refused("none; draw some in ilastik and save the project");
  if (sets.length > 1) throw refused(`labels of ${sets.length} images; make a project for each`);
  const places: Vec3[] = [];
  const labels: number[] = [];
  for (const name of file.names(`${SETS}/${sets[0]}`)) {
    const block = `${SETS}/${sets[0]}/${name}`;
    const { data, shape } = file.numbers(block);
    const place = placeOf(file, block, shape);
    for (let i = 0; i < data.length; i++) {
      if (Number(data[i]) === 0) continue;
      places.push(place(i));
      labels.push(Number(data[i]));
    }
  }
  if (labels.length === 0) throw refused("only erased ones; draw some in ilastik and save the project");
  return { names: file.strings("/PixelClassification/LabelNames"), places, labels };
}

/** From the index in a block to the place in the image. */
function placeOf(file: Hdf5File, block: string, shape: readonly number[]): (index: number) => Vec3 {
  const damaged = (details: string) => modelError("E_SOURCE_DAMAGED", file.path, `${block}: ${details}; save the project again`);
  const slice = file.stringsAttribute(block, "blockSlice")[0] ?? "";
  const ranges = [...slice.matchAll(/(\d+):(\d+)/g)].map(([, start, stop]) => [Number(start), Number(stop)] as const);
  if (ranges.length !== shape.length || ranges.some(([start, stop], d) => stop - start !== shape[d])) {
    throw damaged(`expected a blockSlice of shape ${shape.join(" × ")}, found ${slice}`);
  }
  const axes = axesOfBlock(file, block, shape.length);
  if (axes === null) throw damaged(`expected axes among t, z, y, x and c for ${shape.length} dimensions`);
  for (const [d, axis] of axes.entries()) {
    if ("zyx".includes(axis) || (shape[d] === 1 && (axis === "c" || ranges[d]![0] === 0))) continue;
    const details = `${file.path}: expected labels of one image, found several along ${axis} in ${block}; make a project of one`;
    throw new AxonloomError("E_TRAIN", details, { path: file.path });
  }
  return (index) => {
    const at = { z: 0, y: 0, x: 0 } as Record<string, number>;
    for (let d = shape.length - 1, rest = index; d >= 0; d--) {
      at[axes[d]!] = ranges[d]![0] + (rest % shape[d]!);
      rest = Math.floor(rest / shape[d]!);
    }
    return [at.z!, at.y!, at.x!];
  };
}

/** Newer projects keep them with the block; in older ones they are those of the image, the channel last. */
function axesOfBlock(file: Hdf5File, block: string, dimensions: number): readonly string[] | null {
  const own = file.attributeNames(block).includes("axistags");
  const axes = own
    ? axesOfTags(file, file.stringsAttribute(block, "axistags")[0]!, `${block}@axistags`)
    : (imageAxes(file) ?? ["z", "y", "x"]);
  const all = axes.includes("c") || axes.length === dimensions ? axes : [...axes, "c"];
  return all.length === dimensions && new Set(all).size === dimensions && all.every((axis) => "tzyxc".includes(axis)) ? all : null;
}
