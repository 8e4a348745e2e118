/** A report: what is said about results, in the order in which it is read. */
import type { HeatMap } from "./heat-map.ts";
import type { Plot } from "./plot.ts";
import type { Table } from "./table.ts";

export interface Report {
  readonly title: string;
  readonly parts: readonly ReportPart[];
}

/** `name`: of the files that hold the part on its own. */
export type ReportPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "table"; readonly name: string; readonly table: Table; readonly note?: string }
  | { readonly kind: "plot"; readonly name: string; readonly plot: Plot }
  | { readonly kind: "heat-map"; readonly map: HeatMap };
