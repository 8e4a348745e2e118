/** Labels of voxels from the sources that there are: a volume, a segmentation, a project of ilastik. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { type Box, formatBox, intersect, isEmpty, shapeOf, type Vec3, volumeOf } from "../geometry/box.ts";
import { BOUNDARY, boundaryClasses, INSIDE } from "../segment/predict/voxel-classifier/boundaries.ts";
import { readDrawnLabels } from "../segment/predict/voxel-classifier/ilastik-labels.ts";
import { openVolume } from "../store/index.ts";
import { readLabels } from "./training-files.ts";

export interface LabelledVoxels {
  readonly box: Box;
  /** By voxel of the box: class from 1, 0 = none. */
  readonly kinds: Uint8Array;
  /** By class. */
  readonly names: readonly string[];
  readonly counts: readonly number[];
  readonly warnings: readonly string[];
}

/** Labels that are learned, in the order of the channels; null = all but 0. */
type Classes = readonly { readonly label: number; readonly name: string }[] | null;

/** More of them are taken for bodies. */
const MOST_FOUND = 20;

export async function readLabelVolume(
  source: string,
  limits: Box,
  classes: Classes,
  options: CallOptions,
): Promise<LabelledVoxels> {
  const store = await openVolume(source, options);
  const box = await overlap(source, limits, options);
  const { data } = await store.read(box, options);
  if (data instanceof Float32Array) {
    throw new AxonloomError("E_DTYPE", `${source}: expected labels (unsigned integers), found float32`, { source });
  }
  const chosen = classes ?? foundClasses(data, source);
  const kindOf = new Map(chosen.map(({ label }, k) => [label, k + 1]));
  const kinds = Uint8Array.from(data as ArrayLike<number | bigint>, (value) => kindOf.get(Number(value)) ?? 0);
  return { box, kinds, ...counted(kinds, chosen), warnings: [] };
}

function foundClasses(data: Iterable<number | bigint>, source: string): { label: number; name: string }[] {
  const found = new Set<number | bigint>();
  for (const value of data) if (value) found.add(value);
  if (found.size > MOST_FOUND) {
    const message = `${source}: expected at most ${MOST_FOUND} different labels, one a class, found ${found.size}; name those to learn, or learn the boundaries of bodies`;
    throw new AxonloomError("E_TRAIN", message, { source, found: found.size });
  }
  return [...found]
    .map(Number)
    .sort((a, b) => a - b)
    .map((label) => ({ label, name: `label ${label}` }));
}

/** Labels beyond the limits are not looked at: what is judged by them stays unseen. */
export async function readBoundaryLabels(source: string, limits: Box, options: CallOptions): Promise<LabelledVoxels> {
  const box = await overlap(source, limits, options);
  const kinds = boundaryClasses(await readLabels(source, box, options), shapeOf(box));
  const classes = [
    { label: BOUNDARY, name: "membrane" },
    { label: INSIDE, name: "inside" },
  ];
  return { box, kinds, ...counted(kinds, classes), warnings: [] };
}

/** The project's image is the grey volume, at `bounds`. */
export async function readProjectLabels(
  path: string,
  bounds: Box,
  limits: Box,
  classes: Classes,
  options: CallOptions,
): Promise<LabelledVoxels> {
  const { names, places, labels } = await readDrawnLabels(path, options);
  const beyond = places.find((place) => place.some((at, axis) => bounds.start[axis]! + at >= bounds.stop[axis]!));
  if (beyond !== undefined) {
    const [z, y, x] = beyond;
    const message = `${path} has a label at x ${x}, y ${y}, z ${z}, outside the grey volume at ${formatBox(bounds)}; give the volume that it was drawn on`;
    throw new AxonloomError("E_TRAIN", message, { path });
  }
  const box = intersect(boxAround(places, bounds.start), limits);
  const name = (label: number) => names[label - 1] ?? `label ${label}`;
  const used = [...new Set(labels)].sort((a, b) => a - b);
  const chosen = classes ?? used.map((label) => ({ label, name: name(label) }));
  const kindOf = new Map(chosen.map(({ label }, k) => [label, k + 1]));
  const shape = isEmpty(box) ? ([0, 0, 0] as const) : shapeOf(box);
  const kinds = new Uint8Array(volumeOf(shape));
  for (const [i, place] of places.entries()) {
    const [z, y, x] = place.map((at, axis) => bounds.start[axis]! + at - box.start[axis]!) as unknown as Vec3;
    const inside = [z, y, x].every((at, axis) => at >= 0 && at < shape[axis]!);
    if (inside) kinds[(z * shape[1] + y) * shape[2] + x] = kindOf.get(labels[i]!) ?? 0;
  }
  const empty = names.filter((_, k) => !used.includes(k + 1));
  const warnings =
    empty.length > 0 && classes === null ? [`no voxel is labelled ${empty.join(", ")}; there is no channel for it`] : [];
  return { box, kinds, ...counted(kinds, chosen), warnings };
}

function counted(kinds: Uint8Array, classes: NonNullable<Classes>): { names: string[]; counts: number[] } {
  const counts = new Array<number>(classes.length).fill(0);
  for (const kind of kinds) if (kind > 0) counts[kind - 1]!++;
  return { names: classes.map(({ name }) => name), counts };
}

function boxAround(places: readonly Vec3[], origin: Vec3): Box {
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const most = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const place of places) {
    for (let axis = 0; axis < 3; axis++) {
      least[axis] = Math.min(least[axis]!, place[axis]! + origin[axis]!);
      most[axis] = Math.max(most[axis]!, place[axis]! + origin[axis]! + 1);
    }
  }
  return { start: least as unknown as Vec3, stop: most as unknown as Vec3 };
}

async function overlap(source: string, limits: Box, options: CallOptions): Promise<Box> {
  const { bounds } = await (await openVolume(source, options)).info(options);
  const box = intersect(bounds, limits);
  if (!isEmpty(box)) return box;
  const message = `expected labels where the grey values are, ${formatBox(limits)}, found ${source} at ${formatBox(bounds)}; give volumes of the same place`;
  throw new AxonloomError("E_TRAIN", message, { source, bounds });
}
