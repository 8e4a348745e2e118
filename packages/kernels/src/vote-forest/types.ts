/** Trees of two classes in flat arrays; the nodes of a tree follow each other in pre-order. */
export interface VoteForest {
  /** Numbers in a row. */
  features: number;
  /** The first node of each tree. */
  roots: Uint32Array;
  /** By node: the feature that is looked at, -1 = leaf. */
  feature: Int32Array;
  /** By node: `left` when the feature is at most this, compared as float32; else, and for NaN, `right`. */
  threshold: Float32Array;
  left: Uint32Array;
  right: Uint32Array;
  /** By node: the class (0 or 1) of most of its training rows; a leaf votes for it. */
  vote: Uint8Array;
  /** By node, for those who store forests: training rows in it, and the value of its split. 0 where they are not known. */
  samples: Uint32Array;
  quality: Float32Array;
}
