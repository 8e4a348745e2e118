/** Table 2 as a report, in the paper's layout: a row a policy, f.merge, f.split and VI for each volume. */
import type { Xyz } from "../../evaluate/index.ts";
import { type Box, fromXyz } from "../../geometry/box.ts";
import {
  type HeatMap,
  type NeuroglancerLayer,
  neuroglancerLink,
  type Report,
  type ReportPart,
  servedLayers,
  type Table,
} from "../../report/index.ts";
import { STITCH_ALGORITHMS, type StitchAlgorithm } from "../../stitch/types.ts";
import type { Table2Check, Table2Places, Table2Result, Table2Row, Thresholds } from "./table-2.ts";
import type { TestVolumeName } from "./test-volumes.ts";

const TITLES: Readonly<Record<TestVolumeName, string>> = {
  medulla: "medulla phantom",
  "mushroom-body": "mushroom body phantom",
  fib25: "fib25-training2",
  gala: "gala train",
};

const POLICIES: Readonly<Record<StitchAlgorithm, string>> = {
  none: "none",
  conservative: "conservative",
  medium: "medium (the paper's conservative)",
  aggressive: "aggressive",
  either: "either (equation 1 with or)",
};

const PLACES =
  "The maps compare each subvolume with the ground truth, with the ids of the whole volume: what stitching brings in counts there, too. A click opens " +
  "the place in Neuroglancer while the folder of the volume is served, as docs/how-to/view-in-neuroglancer.md says.";

export function table2Report(result: Table2Result): Report {
  const parts: ReportPart[] = [
    {
      kind: "text",
      text:
        "Each volume was segmented once and stitched by each policy. f.merge and f.split are the false merge and false split parts of the variation " +
        "of information (VI) against the ground truth, in bits; less is better. Voxels without a label are left out.",
    },
  ];
  if (result.checks.length > 0) parts.push({ kind: "text", text: verdict(result.checks) });
  const volumes = [...new Set(result.rows.map(({ volume }) => volume))];
  const groups = [volumes.filter(isPhantom), volumes.filter((volume) => !isPhantom(volume))].filter((group) => group.length > 0);
  for (const thresholds of ["kept", "scaled"] as const) {
    for (const group of groups) {
      const rows = result.rows.filter((row) => row.thresholds === thresholds && group.includes(row.volume));
      if (rows.length === 0) continue;
      const name = `table-2-${isPhantom(group[0]!) ? "phantoms" : "real"}-${thresholds}`;
      parts.push({ kind: "table", name, table: paperTable(rows, group, thresholds), note: thresholdsText(rows, group) });
    }
  }
  for (const thresholds of ["kept", "scaled"] as const) {
    const rows = result.rows.filter((row) => row.thresholds === thresholds);
    if (rows.length === 0) continue;
    parts.push({ kind: "plot", name: `table-2-${thresholds}`, plot: barsOf(rows, thresholds) });
  }
  if (result.places.length > 0) parts.push({ kind: "text", text: PLACES });
  for (const place of result.places)
    parts.push({ kind: "heat-map", map: heatMapOf(place, result.rows) }, worstPart(place, result.rows));
  if (result.checks.length > 0) parts.push(checksPart(result.checks));
  parts.push({ kind: "table", name: "table-2", table: allRows(result.rows) });
  return { title: "Table 2: stitching policies on clean and damaged volumes", parts };
}

/** The paper's layout. */
export function paperTable(rows: readonly Table2Row[], volumes: readonly TestVolumeName[], thresholds: Thresholds): Table {
  const columns = volumes.flatMap((volume) =>
    ["f.merge", "f.split", "VI"].map((measure) => ({ name: `${TITLES[volume]}: ${measure}`, digits: 4 })),
  );
  return {
    title: `${isPhantom(volumes[0]!) ? "Phantoms" : "Real data"}, thresholds ${thresholds === "kept" ? "of the original" : "scaled by the area of a face"}`,
    columns: [{ name: "stitching" }, ...columns],
    rows: STITCH_ALGORITHMS.map((algorithm) => [
      POLICIES[algorithm],
      ...volumes.flatMap((volume) => {
        const row = rows.find((one) => one.volume === volume && one.algorithm === algorithm);
        return row === undefined ? [null, null, null] : [row.merge_vi, row.split_vi, row.vi];
      }),
    ]),
  };
}

/** One sentence: whether all that the paper says was found. */
export function verdict(checks: readonly Table2Check[]): string {
  const failed = checks.filter(({ holds }) => !holds);
  if (failed.length === 0) return "The paper's effect is there: everything in the table of claims holds.";
  const list = failed.map(
    ({ volume, thresholds, claim, value }) => `${TITLES[volume]} (thresholds ${thresholds}): ${claim}, found ${value.toFixed(2)}`,
  );
  return `The paper's effect is not there in full. What does not hold: ${list.join("; ")}.`;
}

function isPhantom(volume: TestVolumeName): boolean {
  return volume === "medulla" || volume === "mushroom-body";
}

function thresholdsText(rows: readonly Table2Row[], volumes: readonly TestVolumeName[]): string {
  const said = volumes.map((volume) => {
    const row = rows.find((one) => one.volume === volume)!;
    return `${TITLES[volume]}: more than ${row["minimum-overlap"]} and ${row["liberal-overlap"]} common voxels`;
  });
  return `${said.join("; ")}.`;
}

function barsOf(rows: readonly Table2Row[], thresholds: Thresholds) {
  const bars = rows.flatMap(({ volume, algorithm, merge_vi, split_vi }) => [
    { panel: TITLES[volume], group: algorithm, part: "f.merge", value: merge_vi },
    { panel: TITLES[volume], group: algorithm, part: "f.split", value: split_vi },
  ]);
  const title = `VI by stitching policy, thresholds ${thresholds}`;
  return { kind: "bars" as const, title, value: { title: "VI in bits" }, bars };
}

function checksPart(checks: readonly Table2Check[]): ReportPart {
  const table: Table = {
    title: "What the paper says",
    columns: [{ name: "volume" }, { name: "thresholds" }, { name: "claim" }, { name: "found", digits: 3 }, { name: "holds" }],
    rows: checks.map(({ volume, thresholds, claim, value, holds }) => [
      TITLES[volume],
      thresholds,
      claim,
      value,
      holds ? "yes" : "no",
    ]),
  };
  return { kind: "table", name: "table-2-claims", table };
}

function allRows(rows: readonly Table2Row[]): Table {
  const plain = ["volume", "condition", "thresholds", "minimum-overlap", "liberal-overlap", "algorithm"] as const;
  const measures = ["merge_vi", "split_vi", "vi"] as const;
  const counts = ["bodies", "matches"] as const;
  return {
    title: "All figures",
    columns: [
      ...plain.map((name) => ({ name })),
      ...measures.map((name) => ({ name, digits: 4 })),
      ...counts.map((name) => ({ name })),
    ],
    rows: rows.map((row) => [...plain, ...measures, ...counts].map((name) => row[name])),
  };
}

function layersOf(places: Table2Places, rows: readonly Table2Row[]): readonly NeuroglancerLayer[] {
  const sourceOf = (wanted: StitchAlgorithm) =>
    rows.find((row) => row.volume === places.volume && row.thresholds === "kept" && row.algorithm === wanted)!.output;
  const labels = (name: string, source: string) => ({ type: "segmentation" as const, name, source });
  const volumes = [
    { type: "image" as const, name: "gray", source: places.gray },
    labels("ground truth", places.truth),
    labels("medium", sourceOf("medium")),
    labels("aggressive", sourceOf("aggressive")),
  ];
  return servedLayers(volumes)?.layers ?? [];
}

/** What stitching brings into a place counts there: ids are those of the whole volume. */
function heatMapOf(places: Table2Places, rows: readonly Table2Row[]): HeatMap {
  const layers = layersOf(places, rows);
  return {
    title: `Where the errors are: ${TITLES[places.volume]}`,
    measures: [
      { name: "f.merge of medium", unit: "bits" },
      { name: "f.merge of aggressive", unit: "bits" },
      { name: "f.merge, aggressive − medium", unit: "bits", signed: true },
      { name: "f.split of medium", unit: "bits" },
      { name: "f.split of aggressive", unit: "bits" },
    ],
    cells: places.medium.map(({ box_xyz, merge_vi, split_vi }, i) => {
      const other = places.aggressive[i]!;
      const more = merge_vi === null || other.merge_vi === null ? null : other.merge_vi - merge_vi;
      const href = neuroglancerLink(layers, boxOf(...box_xyz), fromXyz(places.voxel_size_nm_xyz));
      return { box_xyz, values: [merge_vi, other.merge_vi, more, split_vi, other.split_vi], href };
    }),
  };
}

function worstPart(places: Table2Places, rows: readonly Table2Row[]): ReportPart {
  const layers = layersOf(places, rows);
  const linkTo = ({ algorithm, id, second, at_xyz }: Table2Places["worst"][number]) => {
    const shown = layers.map((layer) => {
      if (layer.name === "ground truth") return { ...layer, segments: [second] };
      return layer.name === algorithm ? { ...layer, segments: [id] } : layer;
    });
    return neuroglancerLink(shown, boxOf(at_xyz, at_xyz), fromXyz(places.voxel_size_nm_xyz));
  };
  const table: Table = {
    title: `Worst false merges: ${TITLES[places.volume]}`,
    columns: [
      { name: "stitching" },
      { name: "body" },
      { name: "voxels" },
      { name: "f.merge", digits: 4 },
      { name: "truth bodies" },
      { name: "the second of them, at x, y, z" },
    ],
    rows: places.worst.map((body) => {
      const link = { text: `${body.second} at ${body.at_xyz.join(", ")}`, href: linkTo(body) };
      return [body.algorithm, body.id, body.size, body.merge_vi, body.truth_bodies, link];
    }),
  };
  const note = `The evaluations that this comes from have pages of their own: ${places.volume}/evaluation-medium/report.html and ${places.volume}/evaluation-aggressive/report.html.`;
  return { kind: "table", name: `worst-${places.volume}`, table, note };
}

function boxOf(start: readonly number[], stop: readonly number[]): Box {
  return { start: fromXyz(start as Xyz), stop: fromXyz(stop as Xyz) };
}
