/** Compare two runs: what their configurations have different, what their results have different, and where. */
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { ContingencyTable, type JoinedBodies, joinedBodies, type Labels, transposed } from "../evaluate/index.ts";
import { equalBoxes, formatBox, intersect, isEmpty, toXyz, type Vec3 } from "../geometry/box.ts";
import { openKeyValue } from "../keyvalue/index.ts";
import type { RunSummary } from "../run/events.ts";
import { readSummary } from "../run/state.ts";
import { openVolume, type VolumeStore } from "../store/index.ts";
import { boundsOfLabels, cellsOf, measureTable, tableOf } from "./cells.ts";
import { readRunConfig } from "./restitch.ts";

export interface CompareRunsRequest {
  /** Run folders. */
  readonly a: string;
  readonly b: string;
  /** With it each cell has the difference of the runs' errors, too. */
  readonly groundTruth?: string;
}

export interface ConfigDifference {
  /** As in `options.stitch-algorithm`. */
  readonly key: string;
  /** null: not there. */
  readonly a: unknown;
  readonly b: unknown;
}

export interface ComparedCell {
  /** x, y, z. */
  readonly box_xyz: readonly [readonly number[], readonly number[]];
  /** Bits of what only A, only B has merged inside the cell; null without labels there. */
  readonly merges_only_in_a: number | null;
  readonly merges_only_in_b: number | null;
  /** False merges and false splits of B less those of A, in bits; null without ground truth there. */
  readonly merge_vi_difference: number | null;
  readonly split_vi_difference: number | null;
}

export interface RunComparison {
  readonly configuration: readonly ConfigDifference[];
  /** Whether each voxel has the same id. */
  readonly identical: boolean;
  /** In bits: H(A | B), what B has merged and A has not; H(B | A), the other way round; their sum. null without common labels. */
  readonly merges_only_in_b_vi: number | null;
  readonly merges_only_in_a_vi: number | null;
  readonly vi: number | null;
  readonly merges_only_in_a: readonly JoinedBodies[];
  readonly merges_only_in_b: readonly JoinedBodies[];
  readonly cells: readonly ComparedCell[];
  readonly warnings: readonly string[];
}

/**
 * The results are those that the runs have published. `E_RUN_FOLDER` when a folder holds no finished run, `E_EVALUATE` when the results
 * have no voxel in common.
 */
export async function compareRuns(request: CompareRunsRequest, options: CallOptions = {}): Promise<RunComparison> {
  const [configA, configB] = [await readRunConfig(request.a, options), await readRunConfig(request.b, options)];
  const [summaryA, summaryB] = [await summaryOf(request.a), await summaryOf(request.b)];
  const [a, b] = [await openVolume(summaryA.output, options), await openVolume(summaryB.output, options)];
  const truth = request.groundTruth === undefined ? null : await openVolume(request.groundTruth, options);
  const [boxA, boxB] = [await boundsOfLabels(a, options), await boundsOfLabels(b, options)];
  const boxTruth = truth === null ? null : await boundsOfLabels(truth, options);
  const common = intersect(boxA, boxB);
  if (isEmpty(common) || (boxTruth !== null && isEmpty(intersect(common, boxTruth)))) {
    const andTruth = boxTruth === null ? "" : `, the ground truth at ${formatBox(boxTruth)}`;
    throw new AxonloomError(
      "E_EVALUATE",
      `expected volumes that overlap, found run A at ${formatBox(boxA)}, run B at ${formatBox(boxB)}${andTruth}; compare runs of the same place`,
      { a: boxA, b: boxB, truth: boxTruth },
    );
  }
  const whole = new ContingencyTable();
  const cells: ComparedCell[] = [];
  let identical = equalBoxes(boxA, boxB);
  for (const box of cellsOf(common, chunkOf(configA))) {
    const counted = await tableOf(a, b, box, options, (inA, inB) => {
      whole.addBlock(inA, inB);
      identical &&= sameIds(inA, inB);
    });
    const between = measureTable(counted.sorted());
    const errorsOf = async (result: VolumeStore) =>
      truth === null ? null : measureTable((await tableOf(truth, result, intersect(box, boxTruth!), options)).sorted());
    const [errorsA, errorsB] = [await errorsOf(a), await errorsOf(b)];
    const both = errorsA !== null && errorsB !== null;
    cells.push({
      box_xyz: [toXyz(box.start), toXyz(box.stop)],
      merges_only_in_a: between?.split_vi ?? null,
      merges_only_in_b: between?.merge_vi ?? null,
      merge_vi_difference: both ? errorsB.merge_vi - errorsA.merge_vi : null,
      split_vi_difference: both ? errorsB.split_vi - errorsA.split_vi : null,
    });
  }
  const table = whole.sorted();
  const total = measureTable(table);
  const warnings: string[] = [];
  if (!equalBoxes(boxA, boxB)) {
    warnings.push(
      `the results differ in extent: run A ${formatBox(boxA)}, run B ${formatBox(boxB)}; compared ${formatBox(common)}`,
    );
  }
  if (boxTruth !== null && !equalBoxes(intersect(common, boxTruth), common)) {
    warnings.push(`the ground truth covers only ${formatBox(intersect(common, boxTruth))} of ${formatBox(common)}`);
  }
  for (const [name, { status }] of [["A", summaryA] as const, ["B", summaryB] as const]) {
    if (status !== "complete") warnings.push(`run ${name} is ${status}: where it has gaps, it has no labels`);
  }
  if (equalBoxes(boxA, boxB) && identical !== (summaryA.digest === summaryB.digest)) {
    warnings.push("a result is no longer what its run has written: something else has replaced it since");
  }
  return {
    configuration: configDifferences(configA, configB),
    identical,
    merges_only_in_a_vi: total?.split_vi ?? null,
    merges_only_in_b_vi: total?.merge_vi ?? null,
    vi: total?.vi ?? null,
    merges_only_in_a: joinedBodies(transposed(table)),
    merges_only_in_b: joinedBodies(table),
    cells,
    warnings,
  };
}

function sameIds(a: Labels, b: Labels): boolean {
  if (a.BYTES_PER_ELEMENT !== b.BYTES_PER_ELEMENT) return a.every((id, i) => BigInt(id) === BigInt(b[i]!));
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** What differs between two configurations, in the order of keys; lists count as values. */
export function configDifferences(a: unknown, b: unknown, key = ""): ConfigDifference[] {
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((name) => configDifferences(a[name], b[name], key === "" ? name : `${key}.${name}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ key, a: a ?? null, b: b ?? null }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function summaryOf(folder: string): Promise<RunSummary> {
  const summary = await readSummary(openKeyValue(folder));
  if (summary !== null) return summary;
  throw new AxonloomError(
    "E_RUN_FOLDER",
    `${folder}: expected a run that has ended, found no summary.json in it; let it end, then compare`,
    {
      folder,
    },
  );
}

function chunkOf(config: Readonly<Record<string, unknown>>): Vec3 {
  const chunk = (config["options"] as Readonly<Record<string, unknown>>)["chunk-size"] as
    | number
    | readonly [number, number, number];
  return typeof chunk === "number" ? [chunk, chunk, chunk] : [chunk[2], chunk[1], chunk[0]];
}
