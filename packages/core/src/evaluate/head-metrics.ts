/**
 * The result in the layout of DVIDSparkServices' EvaluateSeg, for viewers that read it: named numbers, rounded to four digits, with
 * "higher-better", and lists of bodies. Everything here is in the exact result too.
 */
import type { Comparison, Connectivity, EvaluationResult, SubvolumeResult, TableMeasures } from "./result.ts";

interface SummaryStat {
  readonly name: string;
  readonly typename: string;
  readonly val: number;
  readonly "higher-better": boolean;
  readonly description: string;
  readonly display?: false;
  readonly ignore?: true;
}

interface BodyStat {
  readonly name: string;
  readonly typename: string;
  readonly isgt: boolean;
  readonly largest2smallest: true;
  readonly bodies: Readonly<Record<string, readonly unknown[]>>;
}

export interface HeadMetricsOptions {
  readonly measures: ReadonlySet<string>;
  /** Leaves out what calls one side the truth. */
  readonly noTruth: boolean;
  readonly listLength: number;
}

/** @param result with the lists of all bodies: what is shown of them is chosen here. */
export function headMetrics(result: EvaluationResult, options: HeadMetricsOptions) {
  const { comparisons, connectivity, subvolumes, components, segmentation } = result;
  const compares = segmentation !== null;
  return {
    summarystats: [
      ...comparisons.flatMap((comparison) => summaryOf(comparison, options, compares)),
      ...connectivity.flatMap((found) => connectivitySummary(found, options, compares)),
      ...(compares ? comparisons.flatMap(({ type }) => subvolumeSummary(type, subvolumes, options)) : []),
    ],
    bodystats: [
      ...comparisons.flatMap((comparison) => bodiesOf(comparison, options, compares)),
      ...connectivity.flatMap((found) => connectivityBodies(found, options, compares)),
    ],
    bodydebug: [...comparisons.flatMap(overlapsOf), ...connectivity.map(connectionTable)],
    subvolumes: Object.fromEntries(subvolumes.map((subvolume) => [subvolume.id, subvolumeStats(subvolume, options, compares)])),
    types: comparisons.map(({ type }) => type),
    "connected-components": {
      gt: Object.fromEntries(components.ground_truth.map(({ id, of }) => [id, number(of)])),
      seg: Object.fromEntries(components.segmentation.map(({ id, of }) => [id, number(of)])),
    },
  };
}

const round = (n: number) => Math.round(n * 1e4) / 1e4;

/** An id as a number where that is exact. */
function number(id: string): number | string {
  const n = Number(id);
  return Number.isSafeInteger(n) ? n : id;
}

function viAndRand(typename: string, m: TableMeasures, { measures }: HeadMetricsOptions): SummaryStat[] {
  const stat = (name: string, val: number, better: boolean, description: string): SummaryStat => ({
    name,
    typename,
    val: round(val),
    "higher-better": better,
    description,
  });
  return [
    ...(measures.has("vi")
      ? [
          stat("VI", m.vi, false, "Total VI"),
          stat("FM-VI", m.merge_vi, false, "False merge VI"),
          stat("FS-VI", m.split_vi, false, "False split VI"),
        ]
      : []),
    ...(measures.has("rand")
      ? [
          stat("Rand", m.rand, true, "Rand"),
          stat("FM-RD", m.rand_merge, true, "False merge Rand"),
          stat("FS-RD", m.rand_split, true, "False split Rand"),
        ]
      : []),
  ];
}

function summaryOf(comparison: Comparison, options: HeadMetricsOptions, compares: boolean): SummaryStat[] {
  const { type: typename, measures: m, ground_truth, segmentation } = comparison;
  const { measures, noTruth } = options;
  const stat = (name: string, val: number, better: boolean, description: string): SummaryStat => ({
    name,
    typename,
    val: round(val),
    "higher-better": better,
    description,
  });
  const stats: SummaryStat[] = [];
  if (compares) stats.push(...viAndRand(typename, m, options));
  if (compares && measures.has("vi")) {
    const worst = ground_truth[0];
    const split = largest(ground_truth, (b) => b.split_vi);
    const merged = segmentation[0];
    if (worst && !noTruth) stats.push(stat("B-WRST-GT-VI", worst.badness, false, `Worst body VI. GT body ID = ${worst.id}`));
    if (split) stats.push(stat("B-WRST-GT-FR", split.split_vi, false, `Worst body fragmentation VI. GT body ID = ${split.id}`));
    if (merged)
      stats.push(stat("B-WRST-TEST-FR", merged.merge_vi, false, `Worst body fragmentation VI. Test body ID = ${merged.id}`));
  }
  if (measures.has("count")) {
    const best = comparison.best_overlap;
    if (compares && !noTruth) {
      const id = best?.segmentation ?? "0";
      stats.push(stat("B-BST-TST-OV", best?.size ?? 0, true, `Test body with the largest correct overlap. Test body ID = ${id}`));
    }
    for (const { percent, ground_truth: gt, segmentation: test } of comparison.histogram) {
      const description = compares
        ? `Difference of the numbers of bodies, GT ${gt} and test ${test}, that make up ${percent} percent of the volume`
        : `Bodies that make up ${percent} percent of the volume`;
      stats.push(stat(`HIST-${percent}`, compares ? Math.abs(gt - test) : gt, false, description));
    }
    stats.push({ ...stat("TOTAL-SIZE", m.size, true, "What is counted"), display: false });
  }
  if (compares) {
    for (const { percent, splits, merges } of comparison.edits) {
      stats.push(stat(`edit.splits-${percent}`, splits, false, `Split operations until ${percent} percent are right`));
      stats.push(stat(`edit.merges-${percent}`, merges, false, `Merge operations until ${percent} percent are right`));
    }
  }
  if (comparison.orphans !== null) {
    const { ground_truth: gt, segmentation: test } = comparison.orphans;
    const description = compares ? `${test} seg orphans, ${gt} gt orphans` : `${gt} orphans`;
    stats.push(stat("orphans", compares ? test - gt : gt, false, description));
  }
  return stats;
}

function largest<T>(list: readonly T[], value: (item: T) => number): T | undefined {
  return list.reduce<T | undefined>((best, item) => (best === undefined || value(item) > value(best) ? item : best), undefined);
}

function connectivitySummary({ type, ...found }: Connectivity, { measures }: HeadMetricsOptions, compares: boolean): SummaryStat[] {
  const stats: SummaryStat[] = [];
  const add = (name: string, val: number, better: boolean, description: string) =>
    stats.push({ name, typename: type, val: round(val), "higher-better": better, description });
  if (measures.has("connectivity") && compares) {
    add("conn.match", found.match, true, `${found.matched} matched out of ${found.connections}`);
    for (const { threshold, both, ground_truth, segmentation, recall, precision } of found.pairs) {
      add(`connpairs.recall-${threshold}`, recall, true, `${both} of ${ground_truth} GT pairs with >=${threshold} connections`);
      add(
        `connpairs.precision-${threshold}`,
        precision,
        true,
        `${both} of ${segmentation} test pairs with >=${threshold} connections`,
      );
    }
  }
  if (measures.has("autapse")) {
    const total = (list: readonly { readonly connections: number }[]) =>
      list.reduce((sum, { connections }) => sum + connections, 0);
    const [gt, test] = [total(found.autapses.ground_truth), total(found.autapses.segmentation)];
    if (compares) add("num.autapsediff", test - gt, false, "Number of test autapses - number of GT autapses");
    else add("num.autapse", gt, false, "Number of autapses");
  }
  return stats;
}

/** Best, worst and mean over the subvolumes that are not ignored. */
function subvolumeSummary(
  typename: string,
  subvolumes: readonly SubvolumeResult[],
  { measures }: HeadMetricsOptions,
): SummaryStat[] {
  const shown = subvolumes.flatMap(({ id, ignore, measures: all }) =>
    ignore || all[typename] === undefined ? [] : [{ id, m: all[typename] }],
  );
  if (shown.length === 0) return [];
  const stats: SummaryStat[] = [];
  const rank = (name: string, value: (m: TableMeasures) => number, higherBetter: boolean) => {
    const sign = higherBetter ? 1 : -1;
    for (const [which, factor, word] of [
      ["BEST", sign, "Best"],
      ["WRST", -sign, "Worst"],
    ] as const) {
      const { id, m } = largest(shown, (cell) => factor * value(cell.m))!;
      const description = `${word} ${name} of a subvolume. Subvolume=${id}`;
      stats.push({ name: `S-${which}-${name}`, typename, val: round(value(m)), "higher-better": higherBetter, description });
    }
  };
  const mean = (name: string, value: (m: TableMeasures) => number, higherBetter: boolean, description: string) => {
    const sum = shown.reduce((total, { m }) => total + value(m), 0);
    stats.push({ name, typename, val: round(sum / shown.length), "higher-better": higherBetter, description });
  };
  if (measures.has("vi")) {
    rank("FM-VI", (m) => m.merge_vi, false);
    rank("FS-VI", (m) => m.split_vi, false);
    mean("S-AVE-VI", (m) => m.vi, false, "Mean VI of the subvolumes");
  }
  if (measures.has("rand")) {
    rank("FM-RD", (m) => m.rand_merge, true);
    rank("FS-RD", (m) => m.rand_split, true);
    mean("S-AVE-RD", (m) => m.rand, true, "Mean Rand of the subvolumes");
  }
  return stats;
}

function subvolumeStats({ box_xyz, ignore, measures }: SubvolumeResult, options: HeadMetricsOptions, compares: boolean): unknown[] {
  const [[x1, y1, z1], [x2, y2, z2]] = box_xyz;
  const hidden = ignore ? { ignore: true as const } : {};
  const stats = Object.entries(measures).flatMap(([typename, m]): SummaryStat[] => {
    const counts = [
      { name: "num.gt.bodies", val: m.ground_truth_bodies, description: "Number of GT bodies" },
      ...(compares ? [{ name: "num.seg.bodies", val: m.segmentation_bodies, description: "Number of test bodies" }] : []),
    ];
    return [
      ...(compares ? viAndRand(typename, m, options) : []),
      ...counts.map((stat) => ({ ...stat, typename, "higher-better": false, display: false as const })),
    ].map((stat) => ({ ...stat, ...hidden }));
  });
  return [{ name: "bbox", val: [z1, y1, x1, z2, y2, x2] }, ...stats];
}

function bodiesOf(comparison: Comparison, { measures, noTruth, listLength }: HeadMetricsOptions, compares: boolean): BodyStat[] {
  const { type: typename, ground_truth, segmentation } = comparison;
  const list = <T extends { readonly id: string }>(
    name: string,
    isgt: boolean,
    bodies: readonly T[],
    value: (body: T) => number,
    payload?: (body: T) => readonly unknown[],
  ): BodyStat => {
    const sorted = [...bodies].sort((p, q) => value(q) - value(p)).slice(0, listLength);
    const entries = sorted.map((body) => [body.id, [round(value(body)), ...(payload === undefined ? [] : [payload(body)])]]);
    return { name, typename, isgt, largest2smallest: true, bodies: Object.fromEntries(entries) };
  };
  const stats: BodyStat[] = [];
  if (measures.has("vi") && compares) {
    if (!noTruth) stats.push(list("Worst GT", true, ground_truth, (b) => b.badness));
    stats.push(list("GT Frag", true, ground_truth, (b) => b.split_vi));
    stats.push(list("Test Frag", false, segmentation, (b) => b.merge_vi));
  }
  if (measures.has("count")) {
    const percent = (size: number) => [round((100 * size) / Math.max(1, comparison.measures.size))];
    if (compares && !noTruth) {
      stats.push(
        list(
          "Best Test",
          false,
          segmentation,
          (b) => b.correct,
          (b) => [b.size],
        ),
      );
    }
    if (compares)
      stats.push(
        list(
          "Largest Test",
          false,
          segmentation,
          (b) => b.size,
          (b) => percent(b.size),
        ),
      );
    stats.push(
      list(
        "Largest GT",
        true,
        ground_truth,
        (b) => b.size,
        (b) => percent(b.size),
      ),
    );
  }
  return stats;
}

function connectivityBodies(
  { type, ...found }: Connectivity,
  { measures, listLength }: HeadMetricsOptions,
  compares: boolean,
): BodyStat[] {
  const stat = (name: string, isgt: boolean, entries: readonly (readonly [string, readonly unknown[]])[]): BodyStat => ({
    name,
    typename: type,
    isgt,
    largest2smallest: true,
    bodies: Object.fromEntries(entries.slice(0, listLength)),
  });
  const stats: BodyStat[] = [];
  if (measures.has("connectivity") && compares) {
    const byBody = new Map<string, { match: string; matched: number; connections: number }>();
    for (const { pre, pre_match, matched, connections } of found.table) {
      const entry = byBody.get(pre) ?? { match: pre_match, matched: 0, connections: 0 };
      entry.matched += matched;
      entry.connections += connections;
      byBody.set(pre, entry);
    }
    const sorted = [...byBody].sort(([, p], [, q]) => q.matched - p.matched);
    stats.push(
      stat(
        "GTConn",
        true,
        sorted.map(([id, e]) => [id, [e.matched, [e.connections, number(e.match)]]] as const),
      ),
    );
  }
  if (measures.has("autapse")) {
    const entries = (list: readonly { readonly id: string; readonly connections: number }[]) =>
      list.map(({ id, connections }) => [id, [connections]] as const);
    stats.push(stat("GT Autapse", true, entries(found.autapses.ground_truth)));
    if (compares) stats.push(stat("Seg Autapse", false, entries(found.autapses.segmentation)));
  }
  return stats;
}

/** Overlaps of the largest bodies that make up 90 percent. */
function overlapsOf({ type: typename, measures, ground_truth, segmentation }: Comparison) {
  const table = (name: string, bodies: Comparison["ground_truth"] | Comparison["segmentation"]) => {
    let sum = 0;
    const info: unknown[] = [];
    for (const { id, size, overlaps } of [...bodies].sort((p, q) => q.size - p.size)) {
      if (sum * 10 >= measures.size * 9) break;
      sum += size;
      info.push([number(id), overlaps.map((overlap) => [overlap.size, number(overlap.id)])]);
    }
    return { name, typename, info };
  };
  return [table("gtoverlap", ground_truth), table("segoverlap", segmentation)];
}

function connectionTable({ type: typename, table }: Connectivity) {
  const info = table.map((row) => [
    number(row.pre),
    number(row.pre_match),
    number(row.post),
    number(row.post_match),
    row.matched,
    row.connections,
  ]);
  return { name: "connectivity-table", typename, info };
}
