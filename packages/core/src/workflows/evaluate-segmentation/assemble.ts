/** From summed overlaps to the result. */
import { AxonloomError } from "../../errors.ts";
import { type Bodies, bestOverlap, bodyLists, correctOverlaps, histogram } from "../../evaluate/bodies.ts";
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

/** The result, and what further lists of its comparisons can be made from, in their order. */
export interface Evaluated {
  readonly result: EvaluationResult;
  readonly measured: readonly Measured[];
}

/** `E_EVALUATE` when no truth is there to compare with. */
export function assemble(config: EvaluationConfig, plan: EvaluationPlan, compared: Compared): Evaluated {
  const placeOf = placesIn(plan.bounds);
  const important = config.sparse ? namesOf(config.importantBodies, compared.components.ground_truth) : null;
  const measuredOf = (type: string, overlaps: Overlaps, threshold: number, place: Measured["placeOf"]): Measured => {
    const table = countedTable(overlaps, { threshold, important, skipUnsegmented: config.skipUnsegmented });
    return { type, threshold, overlaps, table, variation: variationOf(table), placeOf: place };
  };
  const measured = [
    measuredOf("voxels:voxels", compared.voxels, config.bodyThreshold, placeOf),
    ...plan.pointLists.map(({ name, points }, list) =>
      measuredOf(name, overlapsOfPoints(compared.points[list]!), config.pointThreshold, (first) => points[first]!),
    ),
  ];
  const warnings = [...plan.warnings, ...warningsOf(config, plan, compared, measured[0]!.table)];
  const { bounds } = plan;
  return {
    measured,
    result: {
      format: "axonloom-evaluation",
      version: 1,
      ground_truth: config.groundTruth,
      segmentation: config.segmentation,
      box_xyz: [toXyz(bounds.start), toXyz(bounds.stop)],
      voxel_size_nm_xyz: toXyz(plan.voxelSizeNm),
      options: config.resolved.options,
      comparisons: measured.map((each) => compare(config, each, compared.edge)),
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

/** The listed bodies by the names that their components have got. */
function namesOf(listed: readonly bigint[], components: Compared["components"]["ground_truth"]): Set<bigint> {
  const names = new Set(listed);
  for (const { id, of } of components) if (names.has(BigInt(of))) names.add(BigInt(id));
  return names;
}

function warningsOf(config: EvaluationConfig, plan: EvaluationPlan, compared: Compared, table: CountedTable): string[] {
  if (table.size === 0 && table.leftOut === 0) throw nothingCounts(config, compared);
  const warnings: string[] = [];
  if (table.size === 0) {
    warnings.push(`no body of the ground truth counts: all are below body-threshold ${config.bodyThreshold}`);
  } else if (plan.segmentation !== null && table.segment.every((s) => table.segmentIds[s] === 0n)) {
    warnings.push(`${plan.segmentation} is 0 wherever the ground truth has a body that counts`);
  }
  if (config.importantBodies.length > 0) {
    const originals = new Map(compared.components.ground_truth.map(({ id, of }) => [BigInt(id), BigInt(of)]));
    const found = new Set(Array.from(table.truthIds, (id) => originals.get(id) ?? id));
    const missing = config.importantBodies.filter((id) => !found.has(id));
    if (missing.length > 0) {
      const some = missing.slice(0, 5).join(", ");
      warnings.push(`important-bodies: ${missing.length} of ${config.importantBodies.length} are not in the ground truth: ${some}`);
    }
    const listed = new Set(config.importantBodies);
    if (config.sparse && [...found].every((id) => id === 0n || listed.has(id))) {
      warnings.push(
        "the ground truth holds nothing but the important bodies: where they are merged with what lies around them, it cannot be seen, and false merges count only among them",
      );
    }
  }
  return warnings;
}

/** Which of the reasons it is: no truth, no segment where it lies, or bodies that are not there. */
function nothingCounts(config: EvaluationConfig, { voxels }: Compared): AxonloomError {
  const { groundTruth, segmentation, importantBodies, boundarySize } = config;
  const hasTruth = voxels.truth.some((t) => voxels.truthIds[t] !== 0n);
  const hasSegment = voxels.segment.some((s, i) => voxels.segmentIds[s] !== 0n && voxels.truthIds[voxels.truth[i]!] !== 0n);
  if (config.skipUnsegmented && hasTruth && !hasSegment) {
    return new AxonloomError(
      "E_EVALUATE",
      `${segmentation}: expected a segment somewhere in the ground truth's bodies, found 0 everywhere; look at the segmentation there, or count 0 as a body`,
      { source: segmentation },
    );
  }
  return new AxonloomError(
    "E_EVALUATE",
    `${groundTruth}: expected voxels of bodies that count, found none in what is compared; look at the ground truth there` +
      `${importantBodies.length > 0 ? ", and at important-bodies" : ""}${boundarySize > 0 ? `, and at boundary-size ${boundarySize}` : ""}`,
    { source: groundTruth },
  );
}

/** A comparison before it is put in words. */
export interface Measured {
  readonly type: string;
  readonly threshold: number;
  /** All of them; the table has those that count. */
  readonly overlaps: Overlaps;
  readonly table: CountedTable;
  readonly variation: Variation;
  readonly placeOf: (first: number) => Xyz;
}

/** The worst bodies and the largest of a comparison. @param most Infinity: all. */
export function listsOf({ table, variation, placeOf }: Measured, most: number): Bodies {
  return bodyLists(table, variation, { most, mostOverlaps: MOST_OVERLAPS, placeOf });
}

function compare(config: EvaluationConfig, measured: Measured, edge: Compared["edge"]): Comparison {
  const { type, table, variation } = measured;
  const correct = correctOverlaps(table);
  return {
    type,
    measures: measureTable(table, variation),
    left_out: table.leftOut,
    histogram: config.measures.has("count") ? histogram(table, config.histogramPercents) : [],
    edits: config.measures.has("edit") ? editDistance(table, config.editPercents, config.splitFactor) : [],
    best_overlap: bestOverlap(table, correct),
    orphans: config.measures.has("orphans") && !config.sparse ? orphans(measured, edge) : null,
    ...listsOf(measured, config.listLength),
  };
}

/** Overlaps listed for a body. */
const MOST_OVERLAPS = 10;

/** Small bodies that lie inside the region entirely. A segment's size is what of it lies in bodies of the truth, small ones too. */
function orphans({ table, overlaps, threshold }: Measured, edge: Compared["edge"]): NonNullable<Comparison["orphans"]> {
  const truth = table.truthIds.filter((id, t) => table.smallSizes[t]! > 0 && !edge.truth.has(id));
  const sizes = new Float64Array(overlaps.segmentIds.length);
  overlaps.segment.forEach((s, i) => {
    if (overlaps.truthIds[overlaps.truth[i]!] !== 0n) sizes[s]! += overlaps.voxels[i]!;
  });
  const isSmall = (size: number) => size > 0 && size < threshold;
  const segments = overlaps.segmentIds.filter((id, s) => id !== 0n && isSmall(sizes[s]!) && !edge.segmentation.has(id));
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
