/** Where the Spark engine's rows lie and move: in their places between the stages, large ones in pieces, lost ones made again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createSegmentation,
  type Dataset,
  type Engine,
  type EngineFactory,
  type RunEvent,
  sparkEngineFactory,
  startSparkServer,
} from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { all, stage } from "./engine-contract.suite.ts";
import { configOf, EIGHT, runSmall, smallVolume, temporaryFolder } from "./fixtures.ts";
import { count, type Noise, noise, noiseSum, rowsOf, useTwice } from "./large-rows.ts";
import { sharedSpark } from "./shared-spark.ts";
import { fullTests, sparkAvailable } from "./spark-cluster.ts";

interface Frames {
  persist(...rest: never[]): Promise<unknown>;
  unpersist(options: { readonly blocking: boolean }): Promise<unknown>;
}

interface WithSession {
  readonly session: { range(end: number): unknown };
}

interface Explained {
  explain(): Promise<string>;
}

/** Of each cogroup in a plan: what lies between it and the kept rows of its left side. */
function leftSides(plan: string): string[] {
  return [...plan.matchAll(/FlatMapCoGroupsInArrow.*\n((?:.*\n)*?).*InMemoryTableScan/g)].map(([, between]) => between!);
}

describe.skipIf(!sparkAvailable)("rows on Spark", () => {
  let factory: EngineFactory;
  let engine: Engine;
  let folder: string;

  beforeAll(async () => {
    const { server } = await sharedSpark();
    factory = sparkEngineFactory({ url: server.url, token: server.token });
    folder = mkdtempSync(join(tmpdir(), "axonloom-spark-test-"));
    engine = await factory({ bytesPerTask: 2 ** 28, runFolder: folder, onEvent: () => {} });
  }, 180_000);

  afterAll(async () => {
    await engine?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  /** Three kept parts whose keys alternate, as those of iterations do. */
  async function alternating(): Promise<Dataset<number>> {
    const parts: Dataset<number>[] = [];
    for (const first of [0, 1, 2]) {
      const ids = count(7).filter((i) => i % 3 === first);
      parts.push(
        await engine
          .parallelize(rowsOf(ids, (i) => i))
          .map(stage<number, number>("square"), null)
          .persist(),
      );
    }
    const [head, ...others] = parts;
    return head!.union(...others);
  }

  test("a cogroup with kept rows moves none of them, and gives its groups in order", async () => {
    const kept = await alternating();
    const pairs = kept.cogroup(engine.parallelize(rowsOf([6, 2, 1], (i) => i)));
    const joined = pairs.map(stage<unknown, string>("joined"), null);
    const expected = ["0|", "1|1", "4|2", "9|", "16|", "25|", "36|6"].map((text, i) => [String(i).padStart(4, "0"), text]);
    expect(await all(joined.collect())).toEqual(expected);
    const between = leftSides(await (joined as unknown as Explained).explain());
    expect(between).toHaveLength(3);
    for (const nodes of between) expect(nodes).not.toMatch(/Exchange|Sort|Join/);
    // Computed rows come to the kept ones, too; so do groups of one side.
    const computed = kept.cogroup(engine.parallelize(rowsOf([6, 2, 1], (i) => i)).map(stage<number, number>("square"), null));
    expect(await all(computed.map(stage<unknown, string>("joined"), null).collect())).toEqual(
      ["0|", "1|1", "4|4", "9|", "16|", "25|", "36|36"].map((text, i) => [String(i).padStart(4, "0"), text]),
    );
    const alone = kept.groupByKey();
    expect(await (alone as unknown as Explained).explain()).toMatch(/InMemoryTableScan/);
    expect(await all(alone.collect())).toEqual(count(7).map((i) => [String(i).padStart(4, "0"), [i * i]]));
    const again = await alone.map(stage<readonly number[], number>("sum"), null).persist();
    expect(await all(again.collect())).toEqual(count(7).map((i) => [String(i).padStart(4, "0"), i * i]));
    await again.unpersist();
    await kept.unpersist();
  });

  test("keys that only the other side has, or that two kept parts have, are grouped all the same", async () => {
    const kept = await alternating();
    const pairs = kept.cogroup(engine.parallelize(rowsOf([9, 0], (i) => i))).map(stage<unknown, string>("joined"), null);
    expect((await all(pairs.collect())).map(([, text]) => text)).toEqual(["0|0", "1|", "4|", "9|", "16|", "25|", "36|", "|9"]);
    const twice = kept.union(kept).groupByKey().map(stage<readonly number[], number>("sum"), null);
    expect((await all(twice.collect())).map(([, sum]) => sum)).toEqual(count(7).map((i) => 2 * i * i));
    await kept.unpersist();
  });

  test("a limit of tasks at once holds for every job, and order stays", async () => {
    const folder = temporaryFolder();
    const names = rowsOf(count(8), (i) => `m${i}`);
    mkdirSync(join(folder, "meeting"));
    const met = engine.parallelize(names).map(stage<string, number, string>("meet"), join(folder, "meeting"));
    expect(await all(met.collect({ concurrency: 1 }))).toEqual(names.map(({ key }) => [key, 1]));
    expect(Math.max(...(await all(met.collect({ concurrency: 2 }))).map(([, others]) => others))).toBe(2);
    const quietly = stage<string, void, string>("meetQuietly");
    await engine.parallelize(names).foreach(quietly, join(folder, "meeting"), { concurrency: 1 });
    const seen = names.map(({ value }) => readFileSync(join(folder, `meeting.${value}`), "utf8"));
    expect(seen).toEqual(names.map(() => "1"));
    const kept = await alternating();
    const pairs = kept.cogroup(engine.parallelize(rowsOf([3], (i) => i))).map(stage<unknown, string>("joined"), null);
    expect((await all(pairs.collect({ concurrency: 1 }))).map(([, text]) => text)).toEqual([
      "0|",
      "1|",
      "4|",
      "9|3",
      "16|",
      "25|",
      "36|",
    ]);
    await kept.unpersist();
  });

  test("rows that come back are fetched in ranges below spark.driver.maxResultSize", async () => {
    const tasks = rowsOf(count(400), (i): Noise => ({ bytes: 250_000, seed: i })); // 100 MB, where Spark allows 64
    let found = 0;
    for await (const { key, value } of engine.parallelize(tasks).map(stage<Noise, Uint32Array>("noise"), null).collect()) {
      expect(Number(key)).toBe(found);
      expect(value.length).toBe(62_500);
      found += 1;
    }
    expect(found).toBe(400);
  });

  test("large rows of the driver are sent in chunks, and in pieces", async () => {
    const rows = rowsOf(count(3), (i) => noise({ bytes: 40 * 2 ** 20, seed: i }));
    const expected = rows.map(({ key, value }) => [key, noiseSum(value)]);
    expect(await all(engine.parallelize(rows).map(stage("noiseSum"), null).collect())).toEqual(expected);
    const kept = await engine
      .parallelize(rowsOf(count(3), (i) => i))
      .map(stage<number, number>("square"), null)
      .persist();
    const pairs = kept
      .cogroup(engine.parallelize(rows))
      .map(stage<unknown, { left: number[]; right: unknown[] }>("rightSums"), null);
    expect(await all(pairs.collect())).toEqual(expected.map(([key, sum], i) => [key, { left: [i * i], right: [sum] }]));
    await kept.unpersist();
  });

  describe("a whole run", () => {
    const datasets = () =>
      Object.getPrototypeOf(engine.parallelize([])) as Record<"collect" | "persist", (...rest: never[]) => unknown>;

    test("the labels lie still while they are relabelled, and the bytes are those of the local engine", async () => {
      const local = await runSmall(configOf(smallVolume(), EIGHT));
      const plans: string[] = [];
      const collect = datasets().collect;
      const spy = vi.spyOn(datasets(), "collect").mockImplementation(async function* (this: Explained, ...rest: never[]) {
        const plan = await this.explain();
        if (plan.includes("FlatMapCoGroupsInArrow")) plans.push(plan);
        yield* collect.apply(this, rest) as AsyncIterable<unknown>;
      });
      onTestFinished(() => spy.mockRestore());
      const { summary } = await runSmall(configOf(smallVolume(), { ...EIGHT, "iteration-size": 3 }), { engine: factory });
      expect(summary).toMatchObject({ digest: local.summary.digest, bodies: local.summary.bodies, "segmented-again": 0 });
      expect(plans).toHaveLength(1); // write
      const between = leftSides(plans[0]!);
      expect(between).toHaveLength(3);
      for (const nodes of between) expect(nodes).not.toMatch(/Exchange|Sort|Join/);
    });

    /** A run whose kept rows are lost as soon as they are there; how often the plug-in has segmented. */
    async function losing(options: Record<string, unknown>) {
      const folder = smallVolume();
      const notes = temporaryFolder();
      const body = `appendFileSync(${JSON.stringify(notes)} + "/" + subvolume, "x");
        return { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] };`;
      writeFileSync(
        join(folder, "counted.mjs"),
        `import { appendFileSync } from "node:fs"; export function counted({ gray, shape, subvolume }) { ${body} }`,
      );
      const segmentor = { configuration: { "predict-voxels": { function: "./counted.mjs:counted" } } };
      const config = configOf(folder, { ...EIGHT, segmentor, ...options });
      const lose = losingPersist();
      const spy = vi.spyOn(datasets(), "persist").mockImplementation(lose);
      try {
        const events: RunEvent[] = [];
        const { summary } = await createSegmentation(config, { engine: factory, onEvent: (event) => events.push(event) });
        const runs = readdirSync(notes).map((name) => readFileSync(join(notes, name), "utf8").length);
        return { summary, events, runs };
      } finally {
        spy.mockRestore();
        rmSync(notes, { recursive: true, force: true });
      }
    }

    /** As when the executors that have the blocks are gone: Spark forgets the rows, the dataset does not know. */
    function losingPersist() {
      const frames = Object.getPrototypeOf((engine as unknown as WithSession).session.range(1)) as Frames;
      const { persist } = datasets();
      return async function (this: unknown, ...rest: never[]) {
        const keep = vi.spyOn(frames, "persist");
        const kept = await persist.apply(this, rest);
        for (const frame of keep.mock.contexts as unknown as Frames[]) await frame.unpersist({ blocking: true });
        keep.mockRestore();
        return kept;
      };
    }

    test("rows that are lost cost a look into their checkpoints: nothing is segmented again", async () => {
      const { summary, runs } = await losing({});
      expect(summary).toMatchObject({ status: "complete", restored: 8, "segmented-again": 0 });
      expect(runs).toEqual(count(8).map(() => 1));
    });

    test("with checkpoint: none they are segmented again, and the run says how many", async () => {
      const { summary, events, runs } = await losing({ checkpoint: "none" });
      expect(summary).toMatchObject({ status: "complete", "segmented-again": 8 });
      expect(Math.min(...runs)).toBeGreaterThan(1);
      const warnings = events.flatMap((event) => (event.event === "warning" ? [event.message] : []));
      expect(warnings).toContainEqual(expect.stringMatching(/8 subvolumes were segmented again/));
    });
  });
});

describe.skipIf(!sparkAvailable || !fullTests)("rows of 200 MB", () => {
  test("are kept and used by two stages, with a heap of 8 GB", { timeout: 900_000 }, async () => {
    const server = await startSparkServer({ master: "local[2,3]", heap: "8g" });
    try {
      const factory = sparkEngineFactory({ url: server.url, token: server.token });
      const engine = await factory({ bytesPerTask: 2 ** 28, runFolder: temporaryFolder(), onEvent: () => {} });
      await useTwice(
        engine,
        count(6).map(() => 200_000_000),
      );
      await engine.close();
    } finally {
      await server.stop();
    }
  });
});
