/** Runs the stages of an evaluation on an engine, and brings their rows together. */
import type { Dataset, Engine } from "../../engine/types.ts";
import { OverlapSum, type Overlaps } from "../../evaluate/overlap-sum.ts";
import type { EvaluationResult, SubvolumeResult } from "../../evaluate/result.ts";
import { grow, toXyz, voxelsIn } from "../../geometry/box.ts";
import { restrictRoi } from "../../geometry/roi.ts";
import { type ProgressCounter, subvolumeKey } from "../create-segmentation/context.ts";
import { stageRef } from "../stage-ref.ts";
import type { CompareParams, CompareTask } from "./compare-stage.ts";
import { type Join, type NamedPieces, nameComponents } from "./components.ts";
import type { EvaluationConfig } from "./config.ts";
import type { EvaluationPlan } from "./plan.ts";
import type { ComparedRow } from "./rows.ts";

/** Everything that the measures are made from. */
export interface Compared {
  readonly voxels: Overlaps;
  /** Of each point list: the bodies at its points, 0 where there is none. */
  readonly points: readonly { readonly truth: BigUint64Array; readonly segment: BigUint64Array }[];
  /** The segment at each node of all skeletons. */
  readonly nodes: BigUint64Array;
  /** Bodies that touch the edge of the region. */
  readonly edge: { readonly truth: ReadonlySet<bigint>; readonly segmentation: ReadonlySet<bigint> };
  readonly subvolumes: readonly SubvolumeResult[];
  readonly components: EvaluationResult["components"];
}

export interface CompareContext {
  readonly config: EvaluationConfig;
  readonly plan: EvaluationPlan;
  readonly engine: Engine;
  readonly counter: ProgressCounter;
  readonly signal: AbortSignal;
}

export async function compareAll(run: CompareContext): Promise<Compared> {
  const { plan, engine, counter, signal } = run;
  const n = plan.subvolumes.length;
  const params = paramsOf(run);
  const tasks = tasksOf(plan).map((value) => ({ key: subvolumeKey(value.subvolume.id), value }));
  const voxels = (key: string) => voxelsIn(plan.subvolumes[Number(key)]!.core);
  const rows = await counter.stage(
    "compare",
    n,
    () => engine.parallelize(tasks).map(stageRef("compareSubvolume"), params, { label: "compare" }).persist({ signal }),
    voxels,
  );
  try {
    const named = await counter.stage("join", plan.faces.length, () => nameAll(run, rows));
    return await counter.stage("sum", n, () => sumAll(run, rows, named));
  } finally {
    await rows.unpersist();
  }
}

function paramsOf({ config, plan }: CompareContext): CompareParams {
  return {
    truth: plan.truth,
    segmentation: plan.segmentation,
    bounds: plan.bounds,
    boundarySize: config.boundarySize,
    important: config.importantBodies.length === 0 ? null : config.importantBodies,
    sparse: config.sparse,
    skipUnsegmented: config.skipUnsegmented,
    subvolumeThreshold: config.subvolumeThreshold,
    heatMap: config.heatMap,
    pointTypes: plan.pointLists.map(({ name }) => name),
  };
}

function tasksOf(plan: EvaluationPlan): CompareTask[] {
  const faces = plan.subvolumes.map((): CompareTask["faces"][number][] => []);
  for (const face of plan.faces) {
    faces[face.a]!.push(face);
    faces[face.b]!.push(face);
  }
  return plan.subvolumes.map((subvolume) => ({
    subvolume,
    // One voxel more than the truth is read: the edge of the region is looked at there.
    roi: restrictRoi(plan.roi, grow(subvolume.core, [HALO, HALO, HALO])),
    faces: faces[subvolume.id]!,
    points: plan.placed.map((of) => of.get(subvolume.id) ?? null),
  }));
}

/** Above the largest boundary-size. */
const HALO = 65;

/** Final names of all pieces, on both sides. */
async function nameAll({ config, plan, signal }: CompareContext, rows: Dataset<ComparedRow>) {
  const truth = { ids: [] as BigUint64Array[], first: [] as Float64Array[] };
  const segmentation = { ids: [] as BigUint64Array[], first: [] as Float64Array[] };
  const summaries = rows.map(stageRef("piecesOfRow"), null, { label: "collect" });
  for await (const { value } of summaries.collect({ signal })) {
    truth.ids.push(value.truth.ids);
    truth.first.push(value.truth.first);
    segmentation.ids.push(value.segmentation.ids);
    segmentation.first.push(value.segmentation.first);
  }
  const unchanged = (ids: readonly BigUint64Array[]): NamedPieces => ({ names: ids, components: [] });
  if (!config.runComponents) return { truth: unchanged(truth.ids), segmentation: unchanged(segmentation.ids) };
  const joins: { truth: Join[]; segmentation: Join[] } = { truth: [], segmentation: [] };
  const joined = rows
    .flatMap(stageRef("facesOfRow"), null, { label: "cut faces" })
    .groupByKey()
    .map(stageRef("joinFace"), null, { label: "join" });
  for await (const { value } of joined.collect({ signal })) {
    const { a, b } = value;
    joins.truth.push({ a, b, pieces: value.truth });
    joins.segmentation.push({ a, b, pieces: value.segmentation });
  }
  return {
    truth: nameComponents(truth, joins.truth),
    // Self compare: the one body stays one.
    segmentation: plan.segmentation === null ? unchanged(segmentation.ids) : nameComponents(segmentation, joins.segmentation),
  };
}

async function sumAll(
  { config, plan, signal }: CompareContext,
  rows: Dataset<ComparedRow>,
  named: { readonly truth: NamedPieces; readonly segmentation: NamedPieces },
): Promise<Compared> {
  const voxels = new OverlapSum();
  const points = plan.pointLists.map((list) => ({
    truth: new BigUint64Array(list.points.length),
    segment: new BigUint64Array(list.points.length),
  }));
  const nodes = new BigUint64Array(plan.skeletons.reduce((sum, skeleton) => sum + skeleton.nodes.length, 0));
  const edge = { truth: new Set<bigint>(), segmentation: new Set<bigint>() };
  const subvolumes: SubvolumeResult[] = [];
  const tables = rows.map(stageRef("withoutFaces"), null, { label: "sum" });
  for await (const { value: row } of tables.collect({ signal })) {
    const truthNames = named.truth.names[row.id]!;
    const segmentNames = named.segmentation.names[row.id]!;
    voxels.add(truthNames, segmentNames, row.overlaps);
    for (const [list, found] of row.points.entries()) {
      found.index.forEach((k, i) => {
        points[list]!.truth[k] = truthNames[found.truth[i]!]!;
        points[list]!.segment[k] = segmentNames[found.segment[i]!]!;
      });
    }
    row.nodes.index.forEach((k, i) => {
      nodes[k] = row.nodes.segments[i]!;
    });
    addAt(row.truth.edge, truthNames, edge.truth);
    addAt(row.segmentation.edge, segmentNames, edge.segmentation);
    const { start, stop } = row.box;
    if (config.heatMap)
      subvolumes.push({ id: row.id, box_xyz: [toXyz(start), toXyz(stop)], ignore: row.ignore, measures: row.measures });
  }
  const components = { ground_truth: named.truth.components, segmentation: named.segmentation.components };
  return { voxels: voxels.sorted(), points, nodes, edge, subvolumes, components };
}

function addAt(flags: Uint8Array, names: BigUint64Array, to: Set<bigint>): void {
  for (const [piece, flag] of flags.entries()) if (flag === 1) to.add(names[piece]!);
}
