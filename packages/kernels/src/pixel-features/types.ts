/** What is computed of an image, as ilastik names it. */
export const PIXEL_FILTERS = [
  "GaussianSmoothing",
  "LaplacianOfGaussian",
  "GaussianGradientMagnitude",
  "DifferenceOfGaussians",
  "StructureTensorEigenvalues",
  "HessianOfGaussianEigenvalues",
] as const;
export type PixelFilter = (typeof PIXEL_FILTERS)[number];

/** Whose arithmetic. The structure tensor differs by more: `fastfilters` takes its two scales the other way round, as ilastik calls it. */
export type FeatureEngine = "vigra" | "fastfilters";

/** One filter at one scale; eigenvalues are three columns, or two where `flat`, largest first. */
export interface PixelFeature {
  readonly filter: PixelFilter;
  /** In voxels, on all axes. */
  readonly sigma: number;
  /** Each z slice by itself. */
  readonly flat: boolean;
}

export interface PixelFeatureSet {
  readonly engine: FeatureEngine;
  /**
   * `presmoothed`, as ilastik does: smooth with √(σ² - 1), or σ where σ <= 1, window 3.5, then filter at min(σ, 1), window 2. `direct`:
   * filter at σ, automatic window.
   */
  readonly recipe: "presmoothed" | "direct";
  /** In the order of the columns. */
  readonly features: readonly PixelFeature[];
}
