/** The rows that trees learn from, with what growing needs of them. */
import { KernelError } from "../errors.ts";

/** Sort keys are rank · 2²⁶ + row. */
export const MOST_ROWS = 2 ** 26;

export interface Table {
  rows: number;
  features: number;
  /** How many classes there are. */
  kinds: number;
  /** [row, feature]. */
  values: Float32Array;
  /** [feature, row]: place of the row's value among the feature's distinct values. */
  ranks: Uint32Array;
  /** By row, from 0. */
  classes: Uint8Array;
}

/** `caller`: for error texts. Classes without rows, NaN, or wrong lengths: E_KERNEL_ARGUMENT. */
export function tableOf(values: Float32Array, classes: Uint8Array, features: number, kinds: number, caller: string): Table {
  const rows = classes.length;
  const refused = (message: string) => new KernelError("E_KERNEL_ARGUMENT", `${caller}: ${message}`);
  if (values.length !== rows * features || rows >= MOST_ROWS) {
    throw refused(`expected ${features} numbers for each of ${rows} rows (fewer than ${MOST_ROWS}), found ${values.length}`);
  }
  const counts = new Array<number>(kinds).fill(0);
  for (const k of classes) {
    if (k >= kinds) throw refused(`expected classes below ${kinds}, found ${k}`);
    counts[k]!++;
  }
  if (kinds < 2 || counts.includes(0)) {
    throw refused(`expected rows of each of two or more classes, found ${counts.join(", ")} rows by class`);
  }
  const ranks = new Uint32Array(rows * features);
  const column = new Float32Array(rows);
  for (let f = 0; f < features; f++) {
    for (let row = 0; row < rows; row++) {
      column[row] = values[row * features + f]!;
      if (Number.isNaN(column[row])) throw refused(`expected numbers, found NaN in row ${row}, feature ${f}`);
    }
    const place = new Map<number, number>();
    for (const value of column.slice().sort()) if (!place.has(value)) place.set(value, place.size);
    for (let row = 0; row < rows; row++) ranks[f * rows + row] = place.get(column[row]!)!;
  }
  return { rows, features, kinds, values, ranks, classes };
}
