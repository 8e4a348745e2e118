import { expect, test } from "vitest";
import type { StitchAlgorithm } from "../../stitch/types.ts";
import { fitPower } from "./fit.ts";
import { checkTable2, scaledThresholds, type Table2Row } from "./table-2.ts";
import { table2Report, verdict } from "./table-2-report.ts";
import { type Condition, fadedBox } from "./test-volumes.ts";

/** Rows of one volume: f.merge and f.split of none, medium and aggressive. */
function rowsOf(condition: Condition, none: [number, number], medium: [number, number], aggressive: [number, number]): Table2Row[] {
  const row = (algorithm: StitchAlgorithm, [merge_vi, split_vi]: [number, number]): Table2Row => ({
    volume: condition === "clean" ? "mushroom-body" : "medulla",
    condition,
    thresholds: "kept",
    "minimum-overlap": 50,
    "liberal-overlap": 1000,
    algorithm,
    merge_vi,
    split_vi,
    vi: merge_vi + split_vi,
    bodies: 10,
    matches: 5,
    output: "somewhere",
  });
  return [row("none", none), row("medium", medium), row("aggressive", aggressive)];
}

const holds = (rows: Table2Row[]) => checkTable2(rows).map((check) => check.holds);

test("the paper's effect, and what falls short of it", () => {
  expect(holds(rowsOf("damaged", [0.5, 4], [1, 1], [2, 0.5]))).toEqual([true, true, true, true]);
  expect(holds(rowsOf("damaged", [0.5, 4], [1, 1], [1.99, 1]))).toEqual([false, true, true, true]);
  expect(holds(rowsOf("damaged", [0.5, 4], [1, 1.1], [2, 0.5]))).toEqual([true, false, true, true]);
  expect(holds(rowsOf("damaged", [0.5, 1.9], [1, 1], [2, 0.5]))).toEqual([true, true, true, false]);
  expect(holds(rowsOf("damaged", [0.5, 1], [1, 1], [2, 0.5]))).toEqual([true, true, false, false]);
  expect(holds(rowsOf("clean", [0.5, 4], [1, 1], [1.19, 1]))).toEqual([true, true, true]);
  expect(holds(rowsOf("clean", [0.5, 4], [1, 1], [1.21, 1]))).toEqual([false, true, true]);
  expect(checkTable2(rowsOf("real", [0.5, 4], [1, 1], [1.2, 1]))).toEqual([]);
});

test("the report says whether the effect is there", () => {
  const good = rowsOf("damaged", [0.5, 4], [1, 1], [2, 0.5]);
  expect(verdict(checkTable2(good))).toMatch(/everything .* holds/);
  const bad = rowsOf("damaged", [0.5, 4], [1, 1], [1.5, 1]);
  expect(verdict(checkTable2(bad))).toMatch(/not there in full.*medulla.*found 1\.50/);
  const { parts } = table2Report({ rows: good, places: [], checks: checkTable2(good) });
  const table = parts.find((part) => part.kind === "table" && part.name === "table-2-phantoms-kept");
  expect(table).toMatchObject({
    table: {
      rows: [
        ["none", 0.5, 4, 4.5],
        ["conservative", null, null, null],
        ["medium (the paper's conservative)", 1, 1, 2],
        ["aggressive", 2, 0.5, 2.5],
        ["either (equation 1 with or)", null, null, null],
      ],
    },
  });
});

test("thresholds scale with the area of a face", () => {
  expect(scaledThresholds({ chunk: [512, 512, 512], border: [20, 20, 20] })).toEqual({ minimumOverlap: 50, liberalOverlap: 1000 });
  // 104² / 552² = 0.0355
  expect(scaledThresholds({ chunk: [64, 64, 64], border: [20, 20, 20] })).toEqual({ minimumOverlap: 2, liberalOverlap: 35 });
});

test("the damage lies in one layer of subvolumes, beyond the borders of the others", () => {
  const { start, stop } = fadedBox(320);
  expect([start[0], stop[0]]).toEqual([150, 170]);
  expect(start[0]).toBeGreaterThanOrEqual(128 + 20);
  expect(stop[0]).toBeLessThanOrEqual(192 - 20);
});

test("a power law is found again", () => {
  const { exponent, factor } = fitPower([1, 2, 8, 30].map((x) => ({ x, y: 3 * x ** 1.25 })));
  expect(exponent).toBeCloseTo(1.25, 12);
  expect(factor).toBeCloseTo(3, 12);
});
