/** Plain version of `pixelFeatures`: whole image, feature by feature, each line filter voxel by voxel. */
import type { Shape3 } from "../shape.ts";
import { eigenvaluesOf } from "./eigenvalues.ts";
import { mirrored } from "./mirror.ts";
import { columnsOf, type LineFilter, planPixelFeatures } from "./scales.ts";
import type { PixelFeature, PixelFeatureSet } from "./types.ts";

const { fround, sqrt } = Math;

/** One array a column, each as long as the image. */
export function pixelFeaturesReference(image: ArrayLike<number>, shape: Shape3, set: PixelFeatureSet): Float32Array[] {
  const { scales } = planPixelFeatures(set);
  return set.features.flatMap((feature): Float32Array[] => {
    const scale = scales.find(({ sigma, flat }) => sigma === feature.sigma && flat === feature.flat)!;
    const axes = feature.flat ? [2, 1] : [2, 1, 0];
    const along = (values: Float32Array, filters: readonly LineFilter[]) =>
      axes.reduce((lines, axis, i) => filterLines(lines, shape, axis, filters[i]!), values);
    const everywhere = (values: Float32Array, filter: LineFilter) => along(values, [filter, filter, filter]);
    const raw = Float32Array.from(image);
    const smooth = scale.presmoothing === null ? raw : everywhere(raw, scale.presmoothing);
    /** `orders`: of the derivative along x, y, z. */
    const derivative = (orders: readonly number[]) =>
      along(
        smooth,
        orders.map((order) => scale.derivatives[order]!),
      );
    const gradient = (filters: readonly LineFilter[]) =>
      axes.map((_, axis) =>
        along(
          smooth,
          axes.map((_, i) => filters[i === axis ? 1 : 0]!),
        ),
      );
    const second = () => axes.map((_, axis) => derivative(axes.map((_, i) => (i === axis ? 2 : 0))));
    switch (feature.filter) {
      case "GaussianSmoothing":
        return [everywhere(smooth, scale.smoothing)];
      case "DifferenceOfGaussians": {
        const narrower = everywhere(smooth, scale.narrower);
        return [everywhere(smooth, scale.smoothing).map((value, i) => value - narrower[i]!)];
      }
      case "LaplacianOfGaussian": {
        const [xx, yy, zz] = second() as [Float32Array, Float32Array, Float32Array?];
        return [xx.map((value, i) => fround(value + yy[i]!) + (zz?.[i] ?? 0))];
      }
      case "GaussianGradientMagnitude": {
        const [x, y, z] = gradient(scale.derivatives).map((values) => values.map((value) => value * value)) as [
          Float32Array,
          Float32Array,
          Float32Array?,
        ];
        if (z === undefined) return [x.map((value, i) => sqrt(fround(value + y[i]!)))];
        const sum = (i: number) => (set.engine === "vigra" ? x[i]! + fround(y[i]! + z[i]!) : fround(x[i]! + y[i]!) + z[i]!);
        return [x.map((_, i) => sqrt(fround(sum(i))))];
      }
      case "HessianOfGaussianEigenvalues": {
        const entries = pairs(axes).map(([a, b]) => derivative(axes.map((_, i) => (i === a ? 1 : 0) + (i === b ? 1 : 0))));
        return eigenvalues(set, feature, entries);
      }
      default: {
        // structure tensor
        const g = gradient(scale.inner);
        const products = pairs(axes).map(([a, b]) => g[a]!.map((value, i) => value * g[b]![i]!));
        return eigenvalues(
          set,
          feature,
          products.map((product) => everywhere(product, scale.outer)),
        );
      }
    }
  });
}

/** xx, xy, xz, yy, yz, zz as pairs of axes (x = 0); without z: xx, xy, yy. */
function pairs(axes: readonly number[]): [number, number][] {
  return axes.flatMap((_, a) => axes.slice(a).map((_, b): [number, number] => [a, a + b]));
}

function eigenvalues({ engine }: PixelFeatureSet, feature: PixelFeature, entries: Float32Array[]): Float32Array[] {
  const out = Array.from({ length: columnsOf(feature) }, () => new Float32Array(entries[0]!.length));
  eigenvaluesOf(engine, entries, entries[0]!.length, out);
  return out;
}

function filterLines(values: Float32Array, shape: Shape3, axis: number, filter: LineFilter): Float32Array {
  const out = new Float32Array(values.length);
  const n = shape[axis]!;
  const stride = [shape[1] * shape[2], shape[2], 1][axis]!;
  for (let i = 0; i < values.length; i++) {
    const place = Math.floor(i / stride) % n;
    const at = (shift: number) => values[i + (mirrored(place + shift, n) - place) * stride]!;
    out[i] = filterVoxel(filter, at);
  }
  return out;
}

function filterVoxel({ kind, taps, radius }: LineFilter, at: (shift: number) => number): number {
  let sum = 0;
  if (kind === "even" || kind === "odd") {
    const sign = kind === "even" ? 1 : -1;
    sum = fround(taps[0]! * at(0));
    for (let k = 1; k <= radius; k++) sum = fround(sum + fround(taps[k]! * fround(at(k) + sign * at(-k))));
    return sum;
  }
  for (let t = -radius; t <= radius; t++) {
    const product = taps[t + radius]! * at(t);
    sum = kind === "double" ? sum + product : fround(sum + fround(product));
  }
  return sum;
}
