/** The comparison of two runs as a report. */
import type { JoinedBodies } from "../evaluate/joined-bodies.ts";
import type { HeatMap, Report, ReportPart, Table } from "../report/index.ts";
import type { ComparedCell, RunComparison } from "./compare-runs.ts";

/** Rows of the lists. */
const LONGEST = 20;
/** Ids of the bodies that are joined. */
const MOST_IDS = 8;

export function comparisonReport(comparison: RunComparison): Report {
  const parts: ReportPart[] = [
    { kind: "text", text: verdict(comparison) },
    ...comparison.warnings.map((warning) => ({ kind: "text" as const, text: `Warning: ${warning}` })),
    { kind: "table", name: "configuration", table: configurationTable(comparison) },
    mergesPart("A", comparison.merges_only_in_a),
    mergesPart("B", comparison.merges_only_in_b),
    { kind: "table", name: "cells", table: cellsTable(comparison.cells) },
    { kind: "heat-map", map: heatMapOf(comparison.cells) },
  ];
  return { title: "Comparison of two runs", parts };
}

function verdict({ identical, vi, merges_only_in_a_vi: onlyA, merges_only_in_b_vi: onlyB }: RunComparison): string {
  if (identical) return "The results are identical, voxel by voxel.";
  if (vi === null || onlyA === null || onlyB === null) return "The results have no voxel with a body in both.";
  return `VI between the results: ${vi.toFixed(4)} bits = ${onlyA.toFixed(4)} merged only in A + ${onlyB.toFixed(4)} merged only in B.`;
}

function configurationTable({ configuration }: RunComparison): Table {
  const shown = (value: unknown) => (value === null ? null : JSON.stringify(value));
  return {
    title: "Configuration: what differs",
    columns: [{ name: "key" }, { name: "A" }, { name: "B" }],
    rows: configuration.map(({ key, a, b }) => [key, shown(a), shown(b)]),
  };
}

function mergesPart(side: "A" | "B", merges: readonly JoinedBodies[]): ReportPart {
  const other = side === "A" ? "B" : "A";
  const table: Table = {
    title: `Merges only in ${side}`,
    columns: [
      { name: `body of ${side}` },
      { name: `bodies of ${other}` },
      { name: "voxels joined" },
      { name: "their ids, largest first" },
    ],
    rows: merges.slice(0, LONGEST).map(({ id, of, voxels }) => {
      const ids = of.slice(0, MOST_IDS).map((body) => body.id);
      return [id, of.length, voxels, of.length > MOST_IDS ? `${ids.join(" ")} …` : ids.join(" ")];
    }),
  };
  const note = `Bodies of ${side} that join several of ${other}: ${merges.length}${merges.length > LONGEST ? `; the ${LONGEST} that join most` : ""}.`;
  return { kind: "table", name: `merges-only-in-${side.toLowerCase()}`, table, note };
}

const MEASURES = [
  ["merges_only_in_a", "merged only in A", false],
  ["merges_only_in_b", "merged only in B", false],
  ["merge_vi_difference", "f.merge of B − A", true],
  ["split_vi_difference", "f.split of B − A", true],
] as const;

/** Differences from the truth only where there is one. */
function measuresOf(cells: readonly ComparedCell[]) {
  return MEASURES.filter(([key, , signed]) => !signed || cells.some((cell) => cell[key] !== null));
}

function heatMapOf(cells: readonly ComparedCell[]): HeatMap {
  const measures = measuresOf(cells);
  return {
    title: "Where they differ",
    measures: measures.map(([, name, signed]) => ({ name, unit: "bits", signed })),
    cells: cells.map((cell) => ({ box_xyz: cell.box_xyz, values: measures.map(([key]) => cell[key]) })),
  };
}

function cellsTable(cells: readonly ComparedCell[]): Table {
  const measures = measuresOf(cells);
  const size = (cell: ComparedCell) => (cell.merges_only_in_a ?? 0) + (cell.merges_only_in_b ?? 0);
  const worst = cells.filter((cell) => size(cell) > 0).sort((p, q) => size(q) - size(p));
  return {
    title: "The places that differ most",
    columns: [{ name: "x, y, z" }, ...measures.map(([, name]) => ({ name, digits: 4 }))],
    rows: worst
      .slice(0, LONGEST)
      .map((cell) => [cell.box_xyz.map((corner) => corner.join(", ")).join(" to "), ...measures.map(([key]) => cell[key])]),
  };
}
