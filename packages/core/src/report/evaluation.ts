/** The result of an evaluation as a report: measures, the worst bodies, and the heat map, with links to the places. */
import type { Comparison, EvaluationResult, SegmentBody, TruthBody, Xyz } from "../evaluate/result.ts";
import { type Box, fromXyz } from "../geometry/box.ts";
import type { HeatMap } from "./heat-map.ts";
import { type NeuroglancerLayer, neuroglancerLink } from "./neuroglancer.ts";
import { servedLayers } from "./served-layers.ts";
import type { Cell, Table } from "./table.ts";
import type { Report, ReportPart } from "./types.ts";

/** Rows of the lists of bodies. */
const LONGEST = 25;
const VOXELS = "voxels:voxels";

export function evaluationReport(result: EvaluationResult): Report {
  const links = linksOf(result);
  const parts: ReportPart[] = [
    { kind: "text", text: aboutText(result) },
    ...result.warnings.map((warning) => ({ kind: "text" as const, text: `Warning: ${warning}` })),
    { kind: "table", name: "measures", table: measuresTable(result.comparisons) },
    ...effortParts(result),
    ...(links === null ? [] : [{ kind: "text" as const, text: links.about }]),
  ];
  if (result.subvolumes.length > 0) parts.push({ kind: "heat-map", map: evaluationHeatMap(result, links?.box) });
  for (const comparison of result.comparisons) {
    const name = comparison.type === VOXELS ? "" : `-${comparison.type.replaceAll(/[^\w-]/g, "-")}`;
    const about = comparison.type === VOXELS ? "" : ` (${comparison.type})`;
    parts.push({ kind: "table", name: `worst-truth${name}`, table: truthTable(comparison.ground_truth, about, links?.point) });
    parts.push({ kind: "table", name: `worst-segments${name}`, table: segmentTable(comparison.segmentation, about, links?.point) });
  }
  return { title: "Evaluation of a segmentation", parts };
}

/** False merges and splits of each subvolume. @param href of a cell's box. */
export function evaluationHeatMap(result: EvaluationResult, href: (box: Box) => string | undefined = () => undefined): HeatMap {
  const measures = ["merge_vi", "split_vi", "vi"] as const;
  return {
    title: "Heat map",
    measures: [
      { name: "f.merge", unit: "bits" },
      { name: "f.split", unit: "bits" },
      { name: "VI", unit: "bits" },
    ],
    cells: result.subvolumes.map(({ box_xyz, ignore, measures: found }) => {
      const values = found[VOXELS];
      const opened = href(boxOf(...box_xyz));
      return {
        box_xyz,
        values: measures.map((name) => (ignore || values === undefined ? null : values[name])),
        ...(opened !== undefined && { href: opened }),
      };
    }),
  };
}

function aboutText({ ground_truth, segmentation, box_xyz }: EvaluationResult): string {
  const what =
    segmentation === null ? `${ground_truth}, described on its own` : `${segmentation} against the ground truth ${ground_truth}`;
  return `${what}, x, y, z ${box_xyz.map((corner) => corner.join(", ")).join(" to ")}.`;
}

function measuresTable(comparisons: readonly Comparison[]): Table {
  const rows = [
    ["f.merge VI (bits)", "merge_vi"],
    ["f.split VI (bits)", "split_vi"],
    ["VI (bits)", "vi"],
    ["Rand", "rand"],
    ["adapted Rand error", "adapted_rand_error"],
    ["counted", "size"],
    ["bodies of the ground truth", "ground_truth_bodies"],
    ["bodies of the segmentation", "segmentation_bodies"],
  ] as const;
  const shown = (value: number): Cell => (Number.isInteger(value) ? value : value.toFixed(4));
  return {
    title: "Measures",
    columns: [{ name: "measure" }, ...comparisons.map(({ type }) => ({ name: type }))],
    rows: rows.map(([name, key]) => [name, ...comparisons.map(({ measures }) => shown(measures[key]))]),
  };
}

/** What it would take to mend it, what of the connections is right, and how far one gets along a neuron: where there is something to tell. */
function effortParts({ comparisons, connectivity, run_length }: EvaluationResult): ReportPart[] {
  const tables: (Table & { readonly name: string })[] = [
    {
      name: "edits",
      title: "Edits until so much is right",
      columns: [{ name: "compared" }, { name: "percent" }, { name: "splits" }, { name: "merges" }],
      rows: comparisons.flatMap(({ type, edits }) => edits.map(({ percent, splits, merges }) => [type, percent, splits, merges])),
    },
    {
      name: "connectivity",
      title: "Connections with both ends in the matched segments",
      columns: [{ name: "points" }, { name: "connections" }, { name: "matched" }, { name: "part", digits: 4 }],
      rows: connectivity.map(({ type, connections, matched, match }) => [type, connections, matched, match]),
    },
    {
      name: "run-length",
      title: "Expected run length",
      columns: [{ name: "skeletons" }, { name: "expected (nm)", digits: 0 }, { name: "all of them (nm)", digits: 0 }],
      rows: run_length === null ? [] : [[run_length.skeletons, run_length.expected_nm, run_length.total_nm]],
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0).map(({ name, ...table }) => ({ kind: "table", name, table }));
}

type PointLink = (at: Xyz, truth: string, segment: string) => string;

function truthTable(bodies: readonly TruthBody[], about: string, link?: PointLink): Table {
  const worst = bodies.filter(({ badness }) => badness > 0).sort((p, q) => q.badness - p.badness);
  return {
    title: `Worst bodies of the ground truth${about}`,
    columns: [
      { name: "body" },
      { name: "size" },
      { name: "f.split", digits: 4 },
      { name: "f.merge", digits: 4 },
      { name: "pieces" },
      { name: "segment: common" },
    ],
    rows: worst
      .slice(0, LONGEST)
      .map(({ id, size, split_vi, merge_vi, pieces, overlaps }) => [
        id,
        size,
        split_vi,
        merge_vi,
        pieces,
        placeOf(overlaps[0], (other, at) => link?.(at, id, other)),
      ]),
  };
}

function segmentTable(bodies: readonly SegmentBody[], about: string, link?: PointLink): Table {
  const worst = bodies.filter(({ merge_vi }) => merge_vi > 0).sort((p, q) => q.merge_vi - p.merge_vi);
  return {
    title: `Worst bodies of the segmentation${about}`,
    columns: [
      { name: "body" },
      { name: "size" },
      { name: "f.merge", digits: 4 },
      { name: "truth bodies" },
      { name: "the second of them: common" },
    ],
    // A false merge is seen where the second body is.
    rows: worst
      .slice(0, LONGEST)
      .map(({ id, size, merge_vi, pieces, overlaps }) => [
        id,
        size,
        merge_vi,
        pieces,
        placeOf(overlaps[1] ?? overlaps[0], (other, at) => link?.(at, other, id)),
      ]),
  };
}

function placeOf(overlap: TruthBody["overlaps"][number] | undefined, link: (other: string, at: Xyz) => string | undefined): Cell {
  if (overlap === undefined) return null;
  const text = `${overlap.id}: ${overlap.size.toLocaleString("en-US")} at ${overlap.at_xyz.join(", ")}`;
  const href = link(overlap.id, overlap.at_xyz);
  return href === undefined ? text : { text, href };
}

interface Links {
  readonly about: string;
  readonly box: (box: Box) => string;
  readonly point: PointLink;
}

function linksOf(result: EvaluationResult): Links | null {
  const labels = (name: string, source: string | null) =>
    source === null ? [] : [{ type: "segmentation" as const, name, source }];
  const served = servedLayers([...labels("ground truth", result.ground_truth), ...labels("segmentation", result.segmentation)]);
  if (served === null) return null;
  const voxelSize = fromXyz(result.voxel_size_nm_xyz);
  // Pieces that counted as bodies of their own have no id in the volume.
  const [truthIds, segmentIds] = [result.components.ground_truth, result.components.segmentation].map(
    (pieces) => new Map(pieces.map(({ id, of }) => [id, of])),
  );
  const withIds = (truth: string, segment: string): NeuroglancerLayer[] =>
    served.layers.map((layer) => {
      const [ofTruth, ofSegment] = [truthIds!.get(truth) ?? truth, segmentIds!.get(segment) ?? segment];
      const id = layer.name === "ground truth" ? ofTruth : layer.name === "segmentation" ? ofSegment : null;
      return id === null || id === "0" ? layer : { ...layer, segments: [id] };
    });
  return {
    about: `Links open the place in Neuroglancer while ${served.folder} is served, as docs/how-to/view-in-neuroglancer.md says.`,
    box: (box) => neuroglancerLink(served.layers, box, voxelSize),
    point: (at, truth, segment) => neuroglancerLink(withIds(truth, segment), boxOf(at, at), voxelSize),
  };
}

function boxOf(start: Xyz, stop: Xyz): Box {
  return { start: fromXyz(start), stop: fromXyz(stop) };
}
