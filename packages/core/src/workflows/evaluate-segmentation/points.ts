/** Points and skeletons of an evaluation: read by the driver, and dealt to the subvolumes in which they lie. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { type PointList, parsePointList } from "../../evaluate/point-list.ts";
import type { Xyz } from "../../evaluate/result.ts";
import { parseSwc, type Skeleton } from "../../evaluate/swc.ts";
import { reasonOf } from "../../fs-errors.ts";
import { type Box, fromXyz, map3, type Vec3 } from "../../geometry/box.ts";
import { countVoxels, type Roi, restrictRoi } from "../../geometry/roi.ts";
import type { Subvolume } from "../../geometry/subvolume.ts";
import type { EvaluationConfig } from "./config.ts";

export interface NamedPointList extends PointList {
  /** Type and name, as in `synapse:syn`. */
  readonly name: string;
}

export interface PlacedSkeleton extends Skeleton {
  readonly nodesNm: readonly Xyz[];
  /** The voxels of the nodes, z, y, x. */
  readonly voxels: readonly Vec3[];
}

/** Reads the lists of a configuration; coordinates at level 0 are halved `level` times. */
export async function readPointLists(
  { pointLists, level }: EvaluationConfig,
  options: CallOptions = {},
): Promise<NamedPointList[]> {
  const lists: NamedPointList[] = [];
  for (const { file, dvid, name, type } of pointLists) {
    let json: unknown;
    try {
      const { readDvidText } = dvid === null ? { readDvidText: null } : await import("./dvid.ts");
      json = JSON.parse(readDvidText === null ? await readText(file, options) : await readDvidText(dvid!, file, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isAxonloomError(error)) throw error;
      throw unreadable(file, "a JSON file of points", error);
    }
    const list = parsePointList(json, file, type);
    const factor = 2 ** level; // no shift: coordinates may be above 2^31
    const coarse = (n: number) => Math.floor(n / factor);
    const points = list.points.map(([x, y, z]): Xyz => [coarse(x), coarse(y), coarse(z)]);
    const full = `${list.type}:${name}`;
    if (lists.some((other) => other.name === full)) {
      throw new AxonloomError("E_EVALUATE", `input.point-lists: ${full} is there twice; give one of them another name`, {
        name: full,
      });
    }
    lists.push({ ...list, points, name: full });
  }
  return lists;
}

/** Voxels: what rounding takes away from a coordinate that is a whole number of voxels. */
const TOLERANCE = 1e-6;

/** Reads a folder of `.swc` files, or one file, in the order of their names. */
export async function readSkeletons(
  { skeletons: wanted, level }: EvaluationConfig,
  voxelSizeNm: Vec3,
  options: CallOptions = {},
): Promise<PlacedSkeleton[]> {
  if (wanted === null) return [];
  const { folder, unitNm } = wanted;
  const skeletons: PlacedSkeleton[] = [];
  let paths: string[];
  try {
    const isFolder = (await stat(folder)).isDirectory();
    const names = isFolder ? (await readdir(folder)).filter((name) => extname(name).toLowerCase() === ".swc").sort() : [];
    paths = isFolder ? names.map((name) => join(folder, name)) : [folder];
    if (paths.length === 0) throw new Error("it has no .swc file");
  } catch (error) {
    throw unreadable(folder, "a folder of SWC files", error);
  }
  // Voxels of level 0 are 2^level times smaller than those that are compared.
  const unit = unitNm === null ? map3((a) => voxelSizeNm[a] / 2 ** level) : map3(() => unitNm);
  for (const path of paths) {
    const text = await readText(path, options);
    const skeleton = parseSwc(text, basename(path));
    const nodesNm = skeleton.nodes.map(([x, y, z]): Xyz => [x * unit[2], y * unit[1], z * unit[0]]);
    // Coordinates in voxels do not go through nanometres, which would move some of them by a voxel.
    const perVoxel = map3((a) => (unitNm === null ? 2 ** level : voxelSizeNm[a] / unitNm));
    const voxels = skeleton.nodes.map((node) => fromXyz(node)).map((p) => map3((a) => Math.floor(p[a] / perVoxel[a] + TOLERANCE)));
    skeletons.push({ ...skeleton, nodesNm, voxels });
  }
  return skeletons;
}

/** Points of one subvolume: which they are, and where (z, y, x, three numbers each). */
export interface PlacedPoints {
  readonly index: Uint32Array;
  readonly places: Int32Array;
}

/** Deals points to the boxes of subvolumes on a regular grid; those outside of the region are told, whatever the boxes are. */
export function dealPoints(
  points: readonly Vec3[],
  subvolumes: readonly Subvolume[],
  roi: Roi,
  bounds: Box,
): { readonly of: ReadonlyMap<number, PlacedPoints>; readonly outside: readonly number[] } {
  const [first] = subvolumes;
  const chunk = map3((a) => first!.core.stop[a] - first!.core.start[a]);
  const cellOf = (p: Vec3) => map3((a) => Math.floor((p[a] - first!.core.start[a]) / chunk[a])).join();
  const idAt = new Map(subvolumes.map(({ id, core }) => [cellOf(core.start), id]));
  const lists = new Map<number, number[]>();
  const outside: number[] = [];
  points.forEach((p, k) => {
    const id = idAt.get(cellOf(p));
    const list = id === undefined ? outside : (lists.get(id) ?? []);
    if (id !== undefined && list.length === 0) lists.set(id, list);
    list.push(k);
  });
  const of = new Map<number, PlacedPoints>();
  const coreOf = new Map(subvolumes.map(({ id, core }) => [id, core]));
  for (const [id, list] of lists) {
    const here = restrictRoi(roi, coreOf.get(id)!);
    const inside = list.filter((k) => {
      const isInside = countVoxels(here, { start: points[k]!, stop: map3((a) => points[k]![a] + 1) }, bounds) > 0;
      if (!isInside) outside.push(k);
      return isInside;
    });
    if (inside.length > 0) {
      of.set(id, { index: Uint32Array.from(inside), places: Int32Array.from(inside.flatMap((k) => points[k]!)) });
    }
  }
  return { of, outside: outside.sort((p, q) => p - q) };
}

function unreadable(path: string, what: string, error: unknown): AxonloomError {
  return new AxonloomError("E_EVALUATE", `${path}: expected ${what}, but it cannot be read: ${reasonOf(error)}`, { path }, error);
}

async function readText(path: string, { signal }: CallOptions): Promise<string> {
  return await readFile(path, { encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
}
