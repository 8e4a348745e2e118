/**
 * Training of a classifier of edges from supervoxels, predictions and ground truth.
 *
 * An edge is "the same" (class 0) when both regions overlap the same body most (or both none), else "different" (1). Edges between
 * mitochondria are left out, those of a mitochondrion with another region are different.
 *
 *     iteration 1    one row for each edge of the supervoxels, inclusions removed
 *     iteration 2…   from the supervoxels again: edges by ascending probability of the classifier so far; each is one row when its turn
 *                    comes, and is contracted when it is "the same"; the others keep their place with features that are up to date
 *
 *     strategy   rows of an iteration that are taken                    earlier rows
 *     1          those that the classifier so far gets wrong at 0.2     kept
 *     2          all                                                    kept
 *     3          all                                                    dropped
 *
 * Rows that are equal as float32 count once, the first of them; rows are sorted by their features before a forest is trained.
 * References: T. Parag et al., PLoS ONE 2015; J. Nunez-Iglesias et al., PLoS ONE 2013 (iterations that start at the supervoxels again).
 */
import {
  type Classify,
  EdgeQueue,
  edgeFeatures,
  type FeatureGraph,
  featureCount,
  findMitochondria,
  MergeGraph,
  type Mitochondria,
  removeInclusions,
  type TrainedForest,
  trainVoteForest,
  voteClassifier,
} from "@axonloom/kernels";
import { AxonloomError } from "../../../errors.ts";
import { GroundTruth } from "./ground-truth.ts";

export type Strategy = 1 | 2 | 3;

/** As NeuroProof trains. */
export const FOREST = { maxDepth: 20, minSamples: 10, activeFeatures: 5 } as const;
const MERGE_AT = 0.2;

export interface TrainingInput {
  /** A new graph of the supervoxels, since an iteration uses it up. */
  readonly makeGraph: () => FeatureGraph;
  readonly labels: Uint32Array;
  readonly truth: Uint32Array;
  readonly mitochondria: Pick<Mitochondria, "channel" | "threshold"> | null;
  readonly strategy: Strategy;
  readonly iterations: number;
  readonly seed: number;
  readonly trees: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Training extends TrainedForest {
  readonly channels: number;
  /** Rows of the last forest, and those of them that are different. */
  readonly rows: number;
  readonly different: number;
}

interface Row {
  readonly features: Float32Array;
  readonly different: boolean;
}

/** `E_TRAIN` when there is no edge, or only edges of one class. */
export function trainEdgeClassifier(input: TrainingInput): Training {
  let rows: Row[] = [];
  let training: Training | null = null;
  for (let iteration = 1; iteration <= input.iterations; iteration++) {
    input.signal?.throwIfAborted();
    const scene = new Scene(input);
    if (training === null) rows = flatRows(scene);
    else {
      const classify = voteClassifier(training.forest);
      const found = bestFirstRows(scene, classify);
      const taken = input.strategy === 1 ? found.filter((row) => isWrong(row, classify)) : found;
      rows = input.strategy === 3 ? taken : [...rows, ...taken];
    }
    training = train(distinct(rows), scene.graph.channels, input);
  }
  return training!;
}

/** The supervoxels with their inclusions removed, and what is true of them. */
class Scene {
  readonly graph: FeatureGraph;
  readonly merging: MergeGraph;
  readonly truth: GroundTruth;
  readonly #isMito: Uint8Array | null;
  readonly #features: Float64Array;

  constructor({ makeGraph, labels, truth, mitochondria }: TrainingInput) {
    this.graph = makeGraph();
    this.#isMito = mitochondria === null ? null : findMitochondria(this.graph, mitochondria);
    this.#features = new Float64Array(featureCount(this.graph.channels));
    this.merging = new MergeGraph(this.graph);
    this.truth = new GroundTruth(this.graph.ids, labels, truth);
    removeInclusions(this.merging);
    this.merging.survivors().forEach((survivor, region) => {
      if (survivor !== region) this.truth.merge(survivor, region);
    });
  }

  /** null for edges that are not learned from. */
  row(edge: number): Row | null {
    const [u, v] = [this.graph.u[edge]!, this.graph.v[edge]!];
    const mitos = this.#isMito === null ? 0 : this.#isMito[u]! + this.#isMito[v]!;
    if (mitos === 2) return null;
    return { features: this.featuresOf(edge), different: mitos === 1 || this.truth.bodyOf(u) !== this.truth.bodyOf(v) };
  }

  featuresOf(edge: number): Float32Array {
    return Float32Array.from(edgeFeatures(this.graph, edge, this.#features));
  }

  edges(): number[] {
    return Array.from(this.graph.u.keys()).filter((edge) => this.merging.hasEdge(edge));
  }
}

function flatRows(scene: Scene): Row[] {
  return scene
    .edges()
    .map((edge) => scene.row(edge))
    .filter((row) => row !== null);
}

function bestFirstRows(scene: Scene, classify: Classify): Row[] {
  const { graph, merging, truth } = scene;
  const queue = new EdgeQueue(graph);
  for (const edge of scene.edges()) queue.set(edge, classify(scene.featuresOf(edge)));
  const rows: Row[] = [];
  for (let edge = queue.pop(); edge >= 0; edge = queue.pop()) {
    const row = scene.row(edge);
    if (row === null) continue;
    rows.push(row);
    if (row.different) continue;
    const [kept, gone] = [graph.u[edge]!, graph.v[edge]!];
    const waiting = new Set<number>();
    for (const region of [kept, gone]) {
      for (const near of merging.neighbours[region]!.values()) {
        if (!queue.has(near)) continue;
        waiting.add(near);
        queue.delete(near);
      }
    }
    merging.merge(kept, gone);
    truth.merge(kept, gone);
    for (const near of merging.neighbours[kept]!.values()) {
      if (waiting.has(near)) queue.set(near, classify(scene.featuresOf(near)));
    }
  }
  return rows;
}

/** What the classifier would merge at 0.2 and should not, or the other way round. */
function isWrong({ features, different }: Row, classify: Classify): boolean {
  return classify(features) > MERGE_AT !== different;
}

function distinct(rows: readonly Row[]): Row[] {
  const order = rows.map((row, k) => ({ row, k })).sort((p, q) => compare(p.row.features, q.row.features) || p.k - q.k);
  return order.filter(({ row }, k) => k === 0 || compare(row.features, order[k - 1]!.row.features) !== 0).map(({ row }) => row);
}

function compare(a: Float32Array, b: Float32Array): number {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! - b[k]!;
  return 0;
}

function train(rows: readonly Row[], channels: number, { seed, trees }: TrainingInput): Training {
  const classes = Uint8Array.from(rows, (row) => (row.different ? 1 : 0));
  const different = rows.filter((row) => row.different).length;
  if (different === 0 || different === rows.length) {
    throw new AxonloomError(
      "E_TRAIN",
      `expected edges of both kinds, found ${rows.length} edges of supervoxels, of which ${different} are between different bodies; give volumes that show the same place, with several bodies cut into several supervoxels`,
      { rows: rows.length, different },
    );
  }
  const features = featureCount(channels);
  const values = new Float32Array(rows.length * features);
  rows.forEach((row, k) => {
    values.set(row.features, k * features);
  });
  return { ...trainVoteForest(values, classes, features, { seed, trees, ...FOREST }), channels, rows: rows.length, different };
}
