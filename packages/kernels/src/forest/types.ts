/** A tree as vigra stores it (random forest HDF5 layout 0.1). */
export interface VigraTree {
  /**
   * [columns, classes, nodes …]. A split is [0, offset into `parameters`, child 0, child 1, column], children being positions in
   * `topology`; a leaf is [0x40000000, offset into `parameters`]. The root is at 2.
   */
  readonly topology: Int32Array;
  /** A split has [weight, threshold], a leaf [weight, probability of each class]. */
  readonly parameters: Float64Array;
}

/** Trees that vigra trained and stored together. */
export interface VigraForest {
  /** Features of a row. */
  readonly columns: number;
  readonly classes: number;
  /** Whether leaves count by their weight (`predict_weighted_`). */
  readonly weighted: boolean;
  readonly trees: readonly VigraTree[];
}
