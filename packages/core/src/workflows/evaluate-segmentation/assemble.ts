/** From summed overlaps to the result. */
import { AxonloomError } from "../../errors.ts";
import { bestOverlap, bodyLists, correctOverlaps, histogram } from "../../evaluate/bodies.ts";
import { type ConnectedPoints, connectivityOf } from "../../evaluate/connectivity.ts";
import { type CountedTable, countedTable } from "../../evaluate/counted-table.ts";
import { editDistance } from "../../evaluate/edit-distance.ts";
import { OverlapSum, type Overlaps } from "../../evaluate/overlap-sum.ts";
import type { Comparison, EvaluationResult, RunLength, Xyz } from "../../evaluate/result.ts";
import { expectedRunLength } from "../../evaluate/run-length.ts";
import { measureTable } from "../../evaluate/table-measures.ts";
import { type Variation, variationOf } from "../../evaluate/variation.ts";
import { type Box, shapeOf, toXyz } from "../../geometry/box.ts";
import type { Compared } from "./compare.ts";
import type { EvaluationConfig } from "./config.ts";
import type { EvaluationPlan } from "./plan.ts";

/** The result, and the table of voxels from which further lists can be made. */
export interface Evaluated {
  readonly result: EvaluationResult;
  readonly table: CountedTable;
  readonly variation: Variation;
  readonly placeOf: (first: number) => Xyz;
}

/** `E_EVALUATE` when no truth is there to compare with. */
export function assemble(config: EvaluationConfig, plan: EvaluationPlan, compared: Compared): Evaluated {
  const placeOf = placesIn(plan.bounds);
  const table = count(config, compared.voxels, config.bodyThreshold);
  const variation = variationOf(table);
  const warnings = [...plan.warnings, ...warningsOf(config, plan, table)];
  const voxels = compare("voxels:voxels", config, { table, variation, placeOf, edge: compared.edge });
  const points = plan.pointLists.map(({ name, points: places }, list) => {
    const pairs = overlapsOfPoints(compared.points[list]!);
    const pointTable = count(config, pairs, config.pointThreshold);
    const place = (first: number) => places[first]!;
    return compare(name, config, { table: pointTable, variation: variationOf(pointTable), placeOf: place, edge: compared.edge });
  });
  const { bounds } = plan;
  return {
    table,
    variation,
    placeOf,
    result: {
      format: "axonloom-evaluation",
      version: 1,
      ground_truth: config.groundTruth,
      segmentation: config.segmentation,
      box_xyz: [toXyz(bounds.start), toXyz(bounds.stop)],
      voxel_size_nm_xyz: toXyz(plan.voxelSizeNm),
      options: config.resolved.options,
      comparisons: [voxels, ...points],
      connectivity: connectivity(config, plan, compared),
      run_length: runLength(config, plan, compared),
      subvolumes: compared.subvolumes,
      components: compared.components,
      warnings,
    },
  };
}

function placesIn(bounds: Box): (first: number) => Xyz {
  const [, ny, nx] = shapeOf(bounds);
  return (first) => [
    (first % nx) + bounds.start[2],
    (Math.floor(first / nx) % ny) + bounds.start[1],
    Math.floor(first / (nx * ny)) + bounds.start[0],
  ];
}

function count(config: EvaluationConfig, overlaps: Overlaps, threshold: number): CountedTable {
  const important = config.sparse ? new Set(config.importantBodies) : null;
  return countedTable(overlaps, { threshold, important, skipUnsegmented: config.skipUnsegmented });
}

function warningsOf(config: EvaluationConfig, plan: EvaluationPlan, table: CountedTable): string[] {
  if (table.size === 0 && table.leftOut === 0) {
    throw new AxonloomError(
      "E_EVALUATE",
      `${config.groundTruth}: expected voxels of bodies that count, found none in what is compared; look at the ground truth there` +
        `${config.importantBodies.length > 0 ? ", and at important-bodies" : ""}${config.boundarySize > 0 ? `, and at boundary-size ${config.boundarySize}` : ""}`,
      { source: config.groundTruth },
    );
  }
  const warnings: string[] = [];
  if (table.size === 0) {
    warnings.push(`no body of the ground truth counts: all are below body-threshold ${config.bodyThreshold}`);
  } else if (plan.segmentation !== null && table.segment.every((s) => table.segmentIds[s] === 0n)) {
    warnings.push(`${plan.segmentation} is 0 wherever the ground truth has a body that counts`);
  }
  return warnings;
}

interface Measured {
  readonly table: CountedTable;
  readonly variation: Variation;
  readonly placeOf: (first: number) => Xyz;
  readonly edge: Compared["edge"];
}

function compare(type: string, config: EvaluationConfig, { table, variation, placeOf, edge }: Measured): Comparison {
  const threshold = type === "voxels:voxels" ? config.bodyThreshold : config.pointThreshold;
  const correct = correctOverlaps(table);
  return {
    type,
    measures: measureTable(table, variation),
    left_out: table.leftOut,
    histogram: config.measures.has("count") ? histogram(table, config.histogramPercents) : [],
    edits: config.measures.has("edit") ? editDistance(table, config.editPercents, config.splitFactor) : [],
    best_overlap: bestOverlap(table, correct),
    orphans: config.measures.has("orphans") && !config.sparse ? orphans(table, threshold, edge) : null,
    ...bodyLists(table, variation, { most: config.listLength, mostOverlaps: MOST_OVERLAPS, placeOf }),
  };
}

/** Overlaps listed for a body. */
const MOST_OVERLAPS = 10;

/** Small bodies that lie inside the region entirely. A segment is measured by the truth bodies that count. */
function orphans(table: CountedTable, threshold: number, edge: Compared["edge"]): NonNullable<Comparison["orphans"]> {
  const truth = table.truthIds.filter((id, t) => table.smallSizes[t]! > 0 && !edge.truth.has(id));
  const segments = table.segmentIds.filter(
    (id, s) => id !== 0n && table.segmentSizes[s]! < threshold && !edge.segmentation.has(id),
  );
  return { ground_truth: truth.length, segmentation: segments.length };
}

/** Pairs of bodies at points; the place of a pair is the position of its first point. */
function overlapsOfPoints({ truth, segment }: Compared["points"][number]): Overlaps {
  const sum = new OverlapSum();
  const all = Uint32Array.from(truth.keys()).filter((k) => truth[k] !== 0n);
  sum.add(truth, segment, {
    truth: all,
    segment: all,
    voxels: new Float64Array(all.length).fill(1),
    first: Float64Array.from(all),
  });
  return sum.sorted();
}

function connectivity(config: EvaluationConfig, plan: EvaluationPlan, compared: Compared): EvaluationResult["connectivity"] {
  if (!config.measures.has("connectivity") && !config.measures.has("autapse")) return [];
  return plan.pointLists.flatMap(({ type, name, partners }, list) => {
    if (type !== "synapse") return [];
    const points: ConnectedPoints = { ...compared.points[list]!, partners };
    return [connectivityOf(name, points, { pointThreshold: config.pointThreshold, thresholds: config.connectionThresholds })];
  });
}

function runLength(config: EvaluationConfig, plan: EvaluationPlan, { nodes }: Compared): RunLength | null {
  if (plan.skeletons.length === 0) return null;
  let at = 0;
  const skeletons = plan.skeletons.map(({ name, nodesNm, parents }) => {
    at += nodesNm.length;
    return { name, nodes: nodesNm, parents, segments: nodes.subarray(at - nodesNm.length, at) };
  });
  return expectedRunLength(skeletons, config.listLength);
}
