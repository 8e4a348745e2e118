import type { Box } from "./box.ts";

/** A core box plus its border: what one task segments. */
export interface Subvolume {
  /** Index in the list sorted by core start (z, y, x). */
  readonly id: number;
  /** What this subvolume alone writes. May pass the volume's edge. */
  readonly core: Box;
  /** Core ± border, never clipped. */
  readonly bordered: Box;
}

/** The overlap region of two neighbouring subvolumes. */
export interface Face {
  /** Lower and higher subvolume id. */
  readonly a: number;
  readonly b: number;
  /** Intersection of both bordered boxes. */
  readonly box: Box;
  /** Axis (0 = z, 1 = y, 2 = x) on which the core boxes touch. */
  readonly axis: 0 | 1 | 2;
}
