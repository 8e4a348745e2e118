/** The names of the columns that a project may keep: a check that the features are in the order in which the forest was trained. */
import { columnsOf, type PixelFeature, type PixelFilter } from "@axonloom/kernels";
import type { Hdf5File } from "../../../hdf5/index.ts";
import { modelError } from "./model.ts";

const NAMES: Readonly<Record<PixelFilter, string>> = {
  GaussianSmoothing: "Gaussian Smoothing",
  LaplacianOfGaussian: "Laplacian of Gaussian",
  GaussianGradientMagnitude: "Gaussian Gradient Magnitude",
  DifferenceOfGaussians: "Difference of Gaussians",
  StructureTensorEigenvalues: "Structure Tensor Eigenvalues",
  HessianOfGaussianEigenvalues: "Hessian of Gaussian Eigenvalues",
};

/** `E_SOURCE_DAMAGED` unless the names, where the project has them, are those of the features of one channel. */
export function checkFeatureNames(file: Hdf5File, path: string, features: readonly PixelFeature[]): void {
  if (file.kindOf(path) === null) return;
  const expected = features.flatMap((feature) => {
    const count = columnsOf(feature);
    return Array.from({ length: count }, (_, k) => `${nameOf(feature)}${count === 1 ? "" : ` [${k}]`}`);
  });
  const found = file.strings(path).map((name) => name.replace(" in 2D", ""));
  const wrong = expected.findIndex((name, column) => name !== found[column]);
  if (wrong < 0 && found.length === expected.length) return;
  const at = wrong < 0 ? expected.length : wrong;
  throw modelError(
    "E_SOURCE_DAMAGED",
    file.path,
    `column ${at} of its forest: expected the feature ${expected[at] ?? "none"}, found ${found[at] ?? "none"}; train it again and save it`,
  );
}

/** As Python writes the scale. */
function nameOf({ filter, sigma }: PixelFeature): string {
  return `${NAMES[filter]} (σ=${Number.isInteger(sigma) ? sigma.toFixed(1) : sigma})`;
}
