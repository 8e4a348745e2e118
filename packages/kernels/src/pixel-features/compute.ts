/**
 * The features of one scale in a region of an image, with shared passes.
 *
 *     image ─ presmoothing ─┬─ x · y · z ─────────────────────────── Gaussian, difference of Gaussians
 *                           ├─ x: 3 orders · y: 6 pairs · z: 9 ───── gradient magnitude, Laplacian, Hessian
 *                           └─ gradient ─ products ─ x · y · z ───── structure tensor
 *
 * Every pass runs in the region that later ones need, so that a voxel has the same bits in whatever region it is computed.
 */
import type { Shape3 } from "../shape.ts";
import type { Arena } from "./arena.ts";
import { eigenvaluesOf } from "./eigenvalues.ts";
import { type Field, filterField, grown, type Region, sizeOf, voxelsOf } from "./field.ts";
import { gradientMagnitude, laplacian, product, subtract } from "./pointwise.ts";
import type { LineFilter, Scale } from "./scales.ts";
import type { FeatureEngine, PixelFilter } from "./types.ts";

export interface ScaleTask {
  readonly scale: Scale;
  readonly engine: FeatureEngine;
  /** Of the image. */
  readonly shape: Shape3;
  readonly region: Region;
  /** Where the columns of a filter go; each has room for the voxels of the region. */
  readonly columns: (filter: PixelFilter) => readonly Float32Array[];
  readonly arena: Arena;
}

/** `image` holds the region grown by all that the scale needs. */
export function computeScale(task: ScaleTask, image: Field): void {
  const { scale, region, shape, arena } = task;
  const { columns: wanted, presmoothing, reach, flat } = scale;
  const mark = arena.mark();
  let source = image;
  if (presmoothing !== null) {
    const around = grown(region, [flat ? 0 : reach, reach, reach], shape);
    source = separable(task, image, presmoothing, around, arena.take(voxelsOf(around)));
  }
  smoothed(task, source);
  const magnitude = wanted.has("GaussianGradientMagnitude");
  const tensor = wanted.has("StructureTensorEigenvalues");
  const second = wanted.has("LaplacianOfGaussian") || wanted.has("HessianOfGaussianEigenvalues");
  // vigra's structure tensor is made from the same gradient, in a somewhat larger region
  const shared = tensor && task.engine === "vigra";
  const around = tensor ? grown(region, [flat ? 0 : scale.outer.radius, scale.outer.radius, scale.outer.radius], shape) : region;
  if (magnitude || second || shared) {
    const orders = [...(magnitude || shared ? FIRST : []), ...(second ? SECOND : [])];
    const planes = inPlanes(task, source, scale.derivatives, shared ? around : region, orders);
    if (second) secondDerivatives(task, planes);
    if (magnitude || shared) {
      const gradient = derivatives(task, planes, scale.derivatives, FIRST, shared ? around : region);
      if (magnitude) gradientMagnitude(gradient, region, task.engine, task.columns("GaussianGradientMagnitude")[0]!);
      if (shared) structureTensor(task, gradient);
    }
  }
  if (tensor && !shared) {
    const planes = inPlanes(task, source, scale.inner, around, FIRST);
    structureTensor(task, derivatives(task, planes, scale.inner, FIRST, around));
  }
  arena.release(mark);
}

/** Orders along x, y, z. */
type Orders = readonly [number, number, number];
const FIRST: readonly Orders[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
/** xx, xy, xz, yy, yz, zz. */
const SECOND: readonly Orders[] = [
  [2, 0, 0],
  [1, 1, 0],
  [1, 0, 1],
  [0, 2, 0],
  [0, 1, 1],
  [0, 0, 2],
];

/** Those that need no derivative along z. */
function used(orders: readonly Orders[], flat: boolean): readonly Orders[] {
  return flat ? orders.filter(([, , oz]) => oz === 0) : orders;
}

function smoothed(task: ScaleTask, source: Field): void {
  const { scale, region, arena } = task;
  const { columns: wanted } = scale;
  const difference = wanted.has("DifferenceOfGaussians");
  if (!difference && !wanted.has("GaussianSmoothing")) return;
  const mark = arena.mark();
  const voxels = voxelsOf(region);
  const target = wanted.has("GaussianSmoothing") ? task.columns("GaussianSmoothing")[0]! : arena.take(voxels);
  separable(task, source, scale.smoothing, region, target);
  if (difference) {
    const narrower = separable(task, source, scale.narrower, region, arena.take(voxels));
    subtract(target, narrower.data, voxels, task.columns("DifferenceOfGaussians")[0]!);
  }
  arena.release(mark);
}

function secondDerivatives(task: ScaleTask, planes: Planes): void {
  const { scale, region, engine, arena } = task;
  const { columns: wanted, flat } = scale;
  const mark = arena.mark();
  const hessian = wanted.has("HessianOfGaussianEigenvalues");
  const orders = hessian ? SECOND : SECOND.filter((order) => order.includes(2));
  const entries = derivatives(task, planes, scale.derivatives, orders, region).map(({ data }) => data);
  const voxels = voxelsOf(region);
  if (wanted.has("LaplacianOfGaussian")) {
    const diagonal = entries.filter((_, i) => used(orders, flat)[i]!.includes(2));
    laplacian(diagonal, voxels, task.columns("LaplacianOfGaussian")[0]!);
  }
  if (hessian) eigenvaluesOf(engine, entries, voxels, task.columns("HessianOfGaussianEigenvalues"));
  arena.release(mark);
}

function structureTensor(task: ScaleTask, gradient: readonly Field[]): void {
  const { scale, region, engine, arena } = task;
  const mark = arena.mark();
  const voxels = voxelsOf(region);
  const around = gradient[0]!.region;
  const entries: Float32Array[] = [];
  for (const [a, first] of gradient.entries()) {
    for (const second of gradient.slice(a)) {
      const entry = arena.take(voxels);
      const inner = arena.mark();
      const products = { region: around, data: arena.take(voxelsOf(around)) };
      product(first.data, second.data, voxelsOf(around), products.data);
      separable(task, products, scale.outer, region, entry);
      arena.release(inner);
      entries.push(entry);
    }
  }
  eigenvaluesOf(engine, entries, voxels, task.columns("StructureTensorEigenvalues"));
  arena.release(mark);
}

/** The same filter along all axes. */
function separable(
  { scale, shape, arena }: ScaleTask,
  source: Field,
  filter: LineFilter,
  region: Region,
  data: Float32Array,
): Field {
  const { radius } = filter;
  const mark = arena.mark();
  const alongZ = scale.flat ? 0 : radius;
  const regionX = grown(region, [alongZ, radius, 0], shape);
  const x = filterField(filter, 2, shape, source, regionX, arena.take(voxelsOf(regionX)));
  if (scale.flat) return released(arena, mark, filterField(filter, 1, shape, x, region, data));
  const regionY = grown(region, [alongZ, 0, 0], shape);
  const y = filterField(filter, 1, shape, x, regionY, arena.take(voxelsOf(regionY)));
  return released(arena, mark, filterField(filter, 0, shape, y, region, data));
}

function released<T>(arena: Arena, mark: number, value: T): T {
  arena.release(mark);
  return value;
}

/** Filtered along x and y, by the two orders. */
type Planes = ReadonlyMap<string, Field>;

/** What the derivatives of these orders in a region have in common. */
function inPlanes(
  { scale, shape, arena }: ScaleTask,
  source: Field,
  filters: readonly LineFilter[],
  region: Region,
  orders: readonly Orders[],
): Planes {
  const radius = Math.max(...filters.map((filter) => filter.radius));
  const alongZ = scale.flat ? 0 : radius;
  const regionX = grown(region, [alongZ, radius, 0], shape);
  const regionY = grown(region, [alongZ, 0, 0], shape);
  const alongX = new Map<number, Field>();
  const planes = new Map<string, Field>();
  for (const [ox, oy] of used(orders, scale.flat)) {
    if (planes.has(`${ox}${oy}`)) continue;
    let x = alongX.get(ox);
    if (x === undefined) {
      x = filterField(filters[ox]!, 2, shape, source, regionX, arena.take(voxelsOf(regionX)));
      alongX.set(ox, x);
    }
    planes.set(`${ox}${oy}`, filterField(filters[oy]!, 1, shape, x, regionY, arena.take(voxelsOf(regionY))));
  }
  return planes;
}

/** The derivatives in a region, which lies in that of the planes. */
function derivatives(
  { scale, shape, arena }: ScaleTask,
  planes: Planes,
  filters: readonly LineFilter[],
  orders: readonly Orders[],
  region: Region,
): Field[] {
  return used(orders, scale.flat).map(([ox, oy, oz]) => {
    const plane = planes.get(`${ox}${oy}`)!;
    const data = arena.take(voxelsOf(region));
    return scale.flat ? cropped(plane, region, data) : filterField(filters[oz]!, 0, shape, plane, region, data);
  });
}

function cropped({ region: from, data: source }: Field, region: Region, data: Float32Array): Field {
  const [, sy, sx] = sizeOf(from);
  const [nz, ny, nx] = sizeOf(region);
  for (let z = 0, out = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++, out += nx) {
      const at =
        ((z + region.start[0] - from.start[0]) * sy + y + region.start[1] - from.start[1]) * sx + region.start[2] - from.start[2];
      data.set(source.subarray(at, at + nx), out);
    }
  }
  return { region, data };
}
