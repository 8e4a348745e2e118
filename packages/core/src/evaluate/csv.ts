/** Tables of an evaluation as CSV: a header line, commas, exact numbers. */
import type { Bodies } from "./bodies.ts";
import type { SubvolumeResult, TableMeasures } from "./result.ts";

const MEASURES: readonly (keyof TableMeasures)[] = [
  "merge_vi",
  "split_vi",
  "vi",
  "rand",
  "rand_merge",
  "rand_split",
  "size",
  "ground_truth_bodies",
  "segmentation_bodies",
];

/** A line for each subvolume and type; boxes x, y, z. */
export function heatMapCsv(subvolumes: readonly SubvolumeResult[]): string {
  const lines = subvolumes.flatMap(({ id, box_xyz, ignore, measures }) =>
    Object.entries(measures).map(([type, found]) => [
      id,
      type,
      ...box_xyz[0],
      ...box_xyz[1],
      ignore,
      ...MEASURES.map((name) => found[name]),
    ]),
  );
  return csv(["id", "type", "x0", "y0", "z0", "x1", "y1", "z1", "ignore", ...MEASURES], lines);
}

/** A line for each body of both sides. */
export function bodiesCsv({ ground_truth, segmentation }: Bodies): string {
  const truth = ground_truth.map((b) => ["ground_truth", b.id, b.size, b.split_vi, b.merge_vi, b.badness, b.pieces, ""]);
  const segments = segmentation.map((b) => ["segmentation", b.id, b.size, "", b.merge_vi, "", b.pieces, b.correct]);
  return csv(["side", "id", "size", "split_vi", "merge_vi", "badness", "pieces", "correct"], [...truth, ...segments]);
}

function csv(header: readonly string[], lines: readonly (readonly (string | number | boolean)[])[]): string {
  return [header, ...lines].map((line) => `${line.join(",")}\n`).join("");
}
