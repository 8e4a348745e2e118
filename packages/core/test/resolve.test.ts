/** Matches that the tasks resolve (`driverMatches: 0`) give the same result as union-find in the driver. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSegmentation, LocalEngine, restitch } from "@axonloom/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configOf, runSmall, smallVolume } from "./fixtures.ts";
import { chain, checkResolved, type Graph } from "./resolve.suite.ts";

describe("graphs on the local engine", () => {
  let folder: string;
  let engine: LocalEngine;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "axonloom-resolve-"));
    engine = new LocalEngine({ slots: 2, spillFolder: join(folder, "spill") });
  });

  afterAll(async () => {
    await engine.close();
    expect(existsSync(join(folder, "spill"))).toBe(false);
    rmSync(folder, { recursive: true });
  });

  test("random ones: any places, subvolumes without segments, edges twice, turned round, to themselves", async () => {
    const cell = fc.tuple(fc.nat(5), fc.nat(2), fc.nat(9));
    const graphs = fc.array(fc.tuple(cell, fc.nat(4)), { minLength: 1, maxLength: 12 }).chain((subvolumes): fc.Arbitrary<Graph> => {
      const counts = subvolumes.map(([, count]) => count);
      const total = counts.reduce((sum, n) => sum + n, 0);
      const segment = fc.integer({ min: 1, max: Math.max(1, total) });
      return fc.record({
        cells: fc.constant(subvolumes.map(([place]) => place)),
        counts: fc.constant(counts),
        edges: total === 0 ? fc.constant([]) : fc.array(fc.tuple(segment, segment), { maxLength: 30 }),
      });
    });
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => void (await checkResolved(engine, folder, graph))),
      { numRuns: 40 },
    );
    // One broadcast a graph is all that is left.
    expect(readdirSync(join(folder, "spill")).length).toBeLessThanOrEqual(41);
  });

  const n = 100_001;

  test("a body of 100,001 segments that runs through all super-blocks, to and fro", async () => {
    const { members, smallest } = await checkResolved(engine, folder, chain(n, 16));
    expect(members).toHaveLength(n);
    expect(smallest.every((root) => root === 1)).toBe(true);
  });

  test("a chain in the order of the segments, and stars", async () => {
    const { cells, counts, edges } = chain(n, 16);
    const ordered = edges.map((_, i) => [i + 2, i + 1] as const);
    await checkResolved(engine, folder, { cells, counts, edges: ordered });
    const stars = edges.map(([segment], i) => [n - (i % 3), segment] as const);
    const { smallest } = await checkResolved(engine, folder, { cells, counts, edges: stars });
    expect(new Set(smallest).size).toBeLessThanOrEqual(3);
  });
});

test("a whole run: same digest, bodies and certificate, also when resumed with another number, and restitched", async () => {
  const result = ({ summary, certificate }: Awaited<ReturnType<typeof runSmall>>) => {
    const { digest, bodies, matches, segments, status } = summary;
    return { digest, bodies, matches, segments, status, certificate };
  };
  const plain = await runSmall(configOf(smallVolume()));
  const folder = smallVolume();
  const abort = new AbortController();
  const interrupted = createSegmentation(configOf(folder), {
    workers: 2,
    driverMatches: 0,
    signal: abort.signal,
    onEvent: (event) => event.event === "progress" && event.stage === "write" && event.done === 9 && abort.abort(),
  });
  await expect(interrupted).rejects.toMatchObject({ code: "E_INTERRUPTED" });
  const marks = () => readdirSync(join(folder, "run", "written"), { recursive: true }).length;
  expect(marks()).toBeGreaterThanOrEqual(9);

  const resumed = await runSmall(configOf(folder), { driverMatches: 20 });
  expect(resumed.events).toContainEqual(
    expect.objectContaining({ event: "log", message: "more than 20 matches: resolved by the tasks" }),
  );
  expect(result(resumed)).toEqual(result(plain));
  for (const { events } of [plain, resumed]) {
    const last = events.findLast((event) => event.event === "progress" && event.stage === "stitch");
    expect(last).toMatchObject({ done: (last as { readonly total: number }).total });
  }
  // The driver makes the same fingerprints: all is there already.
  const again = await runSmall(configOf(folder));
  expect(result(again)).toEqual(result(plain));
  expect(again.events.some((event) => event.event === "stage-started" && event.stage === "pyramid")).toBe(false);

  const stricter = { minimumOverlap: 2000 };
  const there = await restitch(plain.summary["run-folder"], stricter, { workers: 2 });
  const here = await restitch(again.summary["run-folder"], stricter, { workers: 2, driverMatches: 0 });
  const { digest, bodies, matches } = there.summary;
  expect(here.summary).toMatchObject({ digest, bodies, matches });
  expect(matches).toBeLessThan(plain.summary.matches);
});
