/** The scales of a set of features: what is filtered, with which taps, and how far that reaches. */

import { KernelError } from "../errors.ts";
import { fastTaps, vigraDerivativeTaps, vigraSmoothingTaps } from "./taps.ts";
import type { PixelFeature, PixelFeatureSet, PixelFilter } from "./types.ts";

/** A one-dimensional filter; the kinds differ in what is rounded (convolve.ts). Taps are for the voxels at -r … r, of `even` and `odd` those from the centre on. */
export type LineFilter = { readonly radius: number } & (
  | { readonly kind: "double"; readonly taps: Float64Array }
  | { readonly kind: "mixed"; readonly taps: Float64Array }
  | { readonly kind: "single" | "even" | "odd"; readonly taps: Float32Array }
);

/** Features of one scale. */
export interface Scale {
  readonly sigma: number;
  readonly flat: boolean;
  /** First column of each filter, among the columns of one channel. */
  readonly columns: ReadonlyMap<PixelFilter, number>;
  /** null: the image is filtered as it is. */
  readonly presmoothing: LineFilter | null;
  readonly smoothing: LineFilter;
  /** The smoothing that is taken away in the difference of Gaussians. */
  readonly narrower: LineFilter;
  /** Orders 0, 1 and 2. */
  readonly derivatives: readonly [LineFilter, LineFilter, LineFilter];
  /** Orders 0 and 1 of the gradient in the structure tensor, and the smoothing of its products. */
  readonly inner: readonly [LineFilter, LineFilter];
  readonly outer: LineFilter;
  /** How far the filters reach in the (presmoothed) image. */
  readonly reach: number;
}

export interface PixelFeaturePlan {
  readonly set: PixelFeatureSet;
  readonly scales: readonly Scale[];
  /** Columns of one channel. */
  readonly columns: number;
  /** Voxels that a result depends on, beyond it, along z and along y and x. */
  readonly halo: { readonly z: number; readonly xy: number };
  /** The smallest image, along z and along y and x. */
  readonly least: { readonly z: number; readonly xy: number };
}

/** Columns of a feature for one channel. */
export function columnsOf({ filter, flat }: PixelFeature): number {
  if (filter !== "StructureTensorEigenvalues" && filter !== "HessianOfGaussianEigenvalues") return 1;
  return flat ? 2 : 3;
}

/** `E_KERNEL_ARGUMENT` for scales that the engine cannot compute, no features, or one of them twice. */
export function planPixelFeatures(set: PixelFeatureSet): PixelFeaturePlan {
  const groups = new Map<string, { sigma: number; flat: boolean; columns: Map<PixelFilter, number> }>();
  let columns = 0;
  for (const feature of set.features) {
    const { filter, sigma, flat } = feature;
    if (!(sigma > 0 && sigma < 1e3)) throw refused(`expected scales between 0 and 1000, found ${sigma}`);
    const key = `${sigma} ${flat}`;
    const group = groups.get(key) ?? { sigma, flat, columns: new Map() };
    if (group.columns.has(filter)) throw refused(`expected each feature once, found ${filter} at ${sigma} twice`);
    group.columns.set(filter, columns);
    groups.set(key, group);
    columns += columnsOf(feature);
  }
  if (columns === 0) throw refused("expected at least one feature, found none");
  const scales = [...groups.values()].map((group) => scaleOf(set, group));
  const total = ({ presmoothing, reach }: Scale) => (presmoothing?.radius ?? 0) + reach;
  // mirroring once must do for the widest pass
  const widest = ({ presmoothing, reach }: Scale) => Math.max(presmoothing?.radius ?? 0, reach) + 1;
  const deep = scales.filter(({ flat }) => !flat);
  return {
    set,
    scales,
    columns,
    halo: { z: Math.max(0, ...deep.map(total)), xy: Math.max(...scales.map(total)) },
    least: { z: Math.max(1, ...deep.map(widest)), xy: Math.max(...scales.map(widest)) },
  };
}

function scaleOf(set: PixelFeatureSet, group: Pick<Scale, "sigma" | "flat" | "columns">): Scale {
  const { engine, recipe } = set;
  const { sigma, columns } = group;
  const direct = recipe === "direct";
  if (direct && engine !== "vigra") throw refused("expected the engine vigra for the recipe direct, found fastfilters");
  const window = direct ? 0 : 2;
  const at = direct ? sigma : Math.min(sigma, 1);
  const smooth = (s: number, w = window): LineFilter =>
    engine === "vigra" ? fullDouble(vigraSmoothingTaps(s, w), "double") : half(fastTaps(s, 0, w), "even");
  const derive = (s: number, order: 0 | 1 | 2): LineFilter =>
    engine === "vigra"
      ? fullSingle(vigraDerivativeTaps(s, order, window))
      : half(fastTaps(s, order, window), order === 1 ? "odd" : "even");
  // ilastik gives fastfilters the two scales in the other order
  const [inner, outer] = engine === "vigra" ? [at, at / 2] : [at / 2, at];
  const scale = {
    ...group,
    presmoothing: direct ? null : smooth(sigma > 1 ? Math.sqrt(sigma * sigma - 1) : sigma, 3.5),
    smoothing: smooth(at),
    narrower: smooth(0.66 * at),
    derivatives: [derive(at, 0), derive(at, 1), derive(at, 2)] as const,
    inner: [derive(inner, 0), derive(inner, 1)] as const,
    outer: engine === "vigra" ? fullDouble(vigraSmoothingTaps(outer, window), "mixed") : smooth(outer),
  };
  const used: Record<PixelFilter, readonly LineFilter[]> = {
    GaussianSmoothing: [scale.smoothing],
    LaplacianOfGaussian: [scale.derivatives[0], scale.derivatives[2]],
    GaussianGradientMagnitude: [scale.derivatives[0], scale.derivatives[1]],
    DifferenceOfGaussians: [scale.smoothing, scale.narrower],
    StructureTensorEigenvalues: [...scale.inner, scale.outer],
    HessianOfGaussianEigenvalues: [...scale.derivatives],
  };
  for (const filter of columns.keys()) {
    const unfit = used[filter].some(({ kind, radius, taps }) => radius === 0 && !(kind === "even" && taps[0] === 1));
    if (unfit) throw refused(`${filter} at scale ${sigma} is undefined in ${engine} (a derivative of one tap)`);
  }
  return { ...scale, reach: Math.max(...[...columns.keys()].map((filter) => reachOf(scale, filter))) };
}

function reachOf({ smoothing, narrower, derivatives, inner, outer }: Omit<Scale, "reach">, filter: PixelFilter): number {
  const most = (filters: readonly LineFilter[]) => Math.max(...filters.map(({ radius }) => radius));
  if (filter === "GaussianSmoothing") return smoothing.radius;
  if (filter === "DifferenceOfGaussians") return most([smoothing, narrower]);
  return filter === "StructureTensorEigenvalues" ? most(inner) + outer.radius : most(derivatives);
}

const fullDouble = (taps: Float64Array, kind: "double" | "mixed"): LineFilter => ({ kind, taps, radius: (taps.length - 1) / 2 });
// of a convolution, so tap +r meets the voxel at -r
const fullSingle = (taps: Float32Array): LineFilter => ({
  kind: "single",
  taps: taps.slice().reverse(),
  radius: (taps.length - 1) / 2,
});
const half = (taps: Float32Array, kind: "even" | "odd"): LineFilter => ({ kind, taps, radius: taps.length - 1 });

function refused(found: string): KernelError {
  return new KernelError("E_KERNEL_ARGUMENT", `pixel features: ${found}`);
}
