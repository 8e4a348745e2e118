import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSegmentation, digestVolume, openVolume, planRun, restitch } from "@axonloom/core";
import { describe, expect, test } from "vitest";
import { cells, configOf, runSmall, smallVolume, temporaryFolder, writeNpy } from "./fixtures.ts";

const offsetRoi = {
  roi: {
    box: [
      [32, 32, 32],
      [160, 160, 160],
    ],
  },
};

describe("the same bytes", () => {
  test("for 1, 2 and 4 workers and iteration sizes 1, 3 and all", async () => {
    const digests = new Set<string>();
    const bodies = new Set<number>();
    for (const [workers, iteration] of [
      [1, 0],
      [2, 3],
      [4, 1],
    ] as const) {
      const folder = smallVolume();
      const { summary, certificate } = await runSmall(configOf(folder, { "iteration-size": iteration }), { workers });
      digests.add(summary.digest);
      bodies.add(summary.bodies);
      expect(summary).toMatchObject({ status: "complete", subvolumes: 27, faces: 54, restored: 0, quarantined: 0 });
      expect(certificate).toMatchObject({ complete: true, "voxels-expected": 96 ** 3, "voxels-written": 96 ** 3, gaps: [] });
    }
    expect(digests.size).toBe(1);
    expect(bodies.size).toBe(1);
  });

  test("whatever the output's format; the summary counts the bodies that are there", async () => {
    const folder = smallVolume();
    const chunked = await runSmall(configOf(folder));
    const flat = await runSmall(
      configOf(folder, { "checkpoint-dir": "other.run" }, { output: { destination: "npy://segmentation.npy" } }),
    );
    expect(flat.summary.digest).toBe(chunked.summary.digest);
    const volume = await openVolume(flat.summary.output);
    const { data } = await volume.read((await volume.info()).bounds);
    const ids = new Set(data as BigUint64Array);
    ids.delete(0n);
    expect(chunked.summary.bodies).toBe(ids.size);
    expect(await digestVolume(chunked.summary.output)).toMatchObject({ digest: chunked.summary.digest });
  });

  test("an ROI offset by 32 that no 64 grid holds: four workers as one", async () => {
    const shape = [160, 160, 160] as const;
    const { gray } = cells(shape, 40);
    const digests = [];
    for (const workers of [1, 4]) {
      const folder = temporaryFolder();
      writeNpy(join(folder, "gray.npy"), gray, shape);
      const config = configOf(folder, { "chunk-size": 64, "partition-method": "ask-dvid" }, offsetRoi);
      const plan = await planRun(config);
      expect(plan.subvolumes.map(({ core }) => core.start)).toEqual(
        [32, 96].flatMap((z) => [32, 96].flatMap((y) => [32, 96].map((x) => [z, y, x]))),
      );
      expect(plan.output.spec.chunk).toEqual([32, 32, 32]);
      const { summary, certificate, events } = await runSmall(config, { workers });
      expect(events.find(({ event }) => event === "planned")).toMatchObject({ workers, subvolumes: 8 });
      expect(certificate).toMatchObject({ complete: true, "voxels-expected": 128 ** 3, "voxels-written": 128 ** 3 });
      digests.push(summary.digest);
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test.each([
    [
      "npy://segmentation.npy.gz",
      {},
      /npy:\/\/.*segmentation\.npy\.gz: .*written whole; use precomputed:\/\/, or convert afterwards$/,
    ],
    [
      "precomputed://segmentation",
      { chunk: 64 },
      /first: .*\) do not consist of whole chunks of 64 × 64 × 64 voxels; take a chunk-size that is a multiple of them, or another output$/,
    ],
  ])("an output that cannot follow is refused in the plan: %s %o", async (destination, output, message) => {
    const folder = temporaryFolder();
    const shape = [160, 160, 160] as const;
    writeNpy(join(folder, "gray.npy"), new Uint8Array(160 ** 3), shape);
    const options = { "chunk-size": 64, "partition-method": "ask-dvid" };
    const config = configOf(folder, options, { ...offsetRoi, output: { destination, ...output } });
    const refused = { code: "E_PARTITION", message: expect.stringMatching(message) };
    await expect(planRun(config)).rejects.toMatchObject(refused);
    await expect(runSmall(config)).rejects.toMatchObject(refused);
    expect(readdirSync(folder)).toEqual(["gray.npy"]);
  });

  test("outside the ROI nothing is written or expected", async () => {
    const folder = smallVolume();
    const config = configOf(
      folder,
      {},
      {
        roi: {
          box: [
            [10, 20, 30],
            [50, 96, 200],
          ],
        },
        output: { destination: "npy://s.npy" },
      },
    );
    const { summary, certificate, events } = await runSmall(config);
    expect(certificate).toMatchObject({ complete: true, "voxels-expected": 40 * 76 * 66, "voxels-written": 40 * 76 * 66 });
    expect(events.filter(({ event }) => event === "warning")).toEqual([
      {
        event: "warning",
        message: "the region of interest reaches beyond the volume (x, y, z 0,0,0 to 96,96,96): it was cut",
      },
      { event: "warning", message: expect.stringContaining("naive_membrane_predictions without range") },
    ]);
    const { data } = await (await openVolume(summary.output)).read({ start: [0, 0, 0], stop: [96, 96, 96] });
    const labels = data as BigUint64Array;
    let inside = 0;
    let outside = 0;
    for (let i = 0; i < labels.length; i++) {
      const [x, y, z] = [i % 96, Math.floor(i / 96) % 96, Math.floor(i / 96 / 96)];
      const isIn = x >= 10 && x < 50 && y >= 20 && z >= 30;
      if (labels[i] === 0n) continue;
      if (isIn) inside += 1;
      else outside += 1;
    }
    expect(outside).toBe(0);
    expect(inside).toBe(certificate["voxels-labelled"]);
    expect(inside).toBeGreaterThan(100_000);
  });
});

test("border 0: nothing overlaps, nothing is stitched, and that is said", async () => {
  const said = async (algorithm: string) => {
    const { summary, events } = await runSmall(configOf(smallVolume(), { border: 0, "stitch-algorithm": algorithm }));
    expect(summary).toMatchObject({ faces: 0, matches: 0, status: "complete" });
    return events.some((event) => event.event === "warning" && event.message.includes("nothing is stitched"));
  };
  expect(await said("medium")).toBe(true);
  expect(await said("none")).toBe(false);
});

describe("checkpoints", () => {
  test("a second run restores everything and writes nothing", async () => {
    const folder = smallVolume();
    const first = await runSmall(configOf(folder));
    const second = await runSmall(configOf(folder));
    expect(second.summary).toMatchObject({ digest: first.summary.digest, bodies: first.summary.bodies, restored: 27 });
    expect(second.events.some((event) => event.event === "stage-started" && event.stage === "pyramid")).toBe(false);
  });

  test("a truncated and an altered checkpoint are found, named and recomputed", async () => {
    const folder = smallVolume();
    const first = await runSmall(configOf(folder));
    const labels = readdirSync(join(folder, "run", "labels")).sort();
    expect(labels).toHaveLength(27);
    truncateSync(join(folder, "run", "labels", labels[3]!), 100);
    const path = join(folder, "run", "labels", labels[7]!);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(path, bytes);
    const second = await runSmall(configOf(folder));
    expect(second.summary).toMatchObject({ digest: first.summary.digest, restored: 25 });
    const messages = second.events.flatMap((event) => (event.event === "log" ? [event.message] : []));
    for (const name of [labels[3], labels[7]])
      expect(messages.some((message) => message.includes(`${name} is damaged`))).toBe(true);
  });

  test("changed parameters invalidate what depends on them, and only that", async () => {
    const folder = smallVolume();
    const step = (size: number) => ({
      checkpoint: "voxel",
      segmentor: { configuration: { "create-supervoxels": { function: "seeded_watershed", parameters: { seed_size: size } } } },
    });
    await runSmall(configOf(folder, step(5)));
    const predictions = readdirSync(join(folder, "run", "predictions"));
    expect(predictions).toHaveLength(27);
    const path = join(folder, "run", "predictions", predictions[0]!);
    const before = readFileSync(path);
    const changed = await runSmall(configOf(folder, step(200)));
    expect(changed.summary.restored).toBe(0);
    expect(readFileSync(path).equals(before)).toBe(true);
    const stitched = await runSmall(configOf(folder, { ...step(200), "stitch-algorithm": "none", "iteration-size": 2 }));
    expect(stitched.summary).toMatchObject({ restored: 27, matches: 0 });
    const fresh = smallVolume();
    expect((await runSmall(configOf(fresh, { ...step(200), "stitch-algorithm": "none" }))).summary.digest).toBe(
      stitched.summary.digest,
    );
  });

  test("a changed input is segmented again", async () => {
    const folder = smallVolume();
    await runSmall(configOf(folder));
    const bytes = readFileSync(join(folder, "gray.npy"));
    bytes.fill(0, 300_000);
    writeFileSync(join(folder, "gray.npy"), bytes);
    expect((await runSmall(configOf(folder))).summary.restored).toBe(0);
  });

  test("checkpoint none keeps no labels and gives the same", async () => {
    const folder = smallVolume();
    const kept = await runSmall(configOf(folder));
    const none = await runSmall(configOf(smallVolume(), { checkpoint: "none" }));
    expect(none.summary.digest).toBe(kept.summary.digest);
    expect(existsSync(join(none.summary["run-folder"], "labels"))).toBe(false);
    expect(existsSync(join(none.summary["run-folder"], "spill"))).toBe(false);
    await expect(restitch(none.summary["run-folder"], { algorithm: "none" })).rejects.toMatchObject({ code: "E_RUN_FOLDER" });
  });

  test("an unfinished output that somebody deleted is written again", async () => {
    const folder = smallVolume();
    const first = await runSmall(configOf(folder));
    rmSync(join(folder, "segmentation"), { recursive: true });
    expect((await runSmall(configOf(folder))).summary).toMatchObject({ digest: first.summary.digest, restored: 27 });
  });

  test("an abort leaves a run that goes on", async () => {
    const folder = smallVolume();
    const abort = new AbortController();
    const interrupted = createSegmentation(configOf(folder), {
      workers: 2,
      signal: abort.signal,
      onEvent: (event) => event.event === "progress" && event.done === 9 && abort.abort(),
    });
    await expect(interrupted).rejects.toMatchObject({ code: "E_INTERRUPTED" });
    const { summary } = await runSmall(configOf(folder));
    expect(summary.restored).toBeGreaterThanOrEqual(8);
    expect(summary.digest).toBe((await runSmall(configOf(smallVolume()))).summary.digest);
  });
});

test("restitch redoes only what follows from the evidence", async () => {
  const folder = smallVolume();
  const { summary } = await runSmall(configOf(folder));
  const elsewhere = await restitch(summary["run-folder"], { algorithm: "none", output: join(folder, "none") }, { workers: 2 });
  expect(elsewhere.summary).toMatchObject({ restored: 27, matches: 0, segments: summary.segments });
  expect(elsewhere.summary.bodies).toBeGreaterThan(summary.bodies);
  expect((await digestVolume(summary.output)).digest).toBe(summary.digest);
  const replaced = await restitch(summary["run-folder"], { minimumOverlap: 2000 }, { workers: 2 });
  expect(replaced.summary.output).toBe(summary.output);
  expect(replaced.summary.matches).toBeLessThan(summary.matches);
  expect((await digestVolume(summary.output)).digest).toBe(replaced.summary.digest);
});

describe("containment", () => {
  const plugin = (folder: string, body: string) => {
    writeFileSync(
      join(folder, "bad.mjs"),
      `export function bad({ gray, shape, subvolume }) {\n${body}\nreturn { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] };\n}\n`,
    );
    return { segmentor: { configuration: { "predict-voxels": { function: "./bad.mjs:bad" } } } };
  };

  test("a plug-in that ends its worker: quarantined, the rest is written", async () => {
    const folder = smallVolume();
    const { summary, certificate, events } = await runSmall(
      configOf(folder, plugin(folder, "if (subvolume === 13) process.exit(3);")),
    );
    expect(summary).toMatchObject({ status: "incomplete", quarantined: 1 });
    expect(certificate).toMatchObject({ complete: false, "voxels-expected": 96 ** 3, "voxels-written": 96 ** 3 - 32 ** 3 });
    expect(certificate.gaps).toMatchObject([
      {
        subvolume: 13,
        core: [
          [32, 32, 32],
          [64, 64, 64],
        ],
        error: { code: "E_WORKER_DIED" },
      },
    ]);
    expect(events.filter(({ event }) => event === "quarantined")).toHaveLength(1);
    const { data } = await (await openVolume(summary.output)).read({ start: [32, 32, 32], stop: [64, 64, 64] });
    expect(data.every((id: number | bigint) => id === 0n)).toBe(true);

    const repaired = await runSmall(configOf(folder, plugin(folder, "")));
    expect(repaired.summary).toMatchObject({ status: "complete", quarantined: 0 });
  });

  test("a plug-in that throws, and one that returns nonsense", async () => {
    const folder = smallVolume();
    const config = configOf(
      folder,
      plugin(
        folder,
        "if (subvolume === 5) throw new Error('no luck'); if (subvolume === 7) return { data: new Float32Array(3), shape: [1, 1, 3, 1] };",
      ),
    );
    const { certificate } = await runSmall(config);
    expect(certificate.gaps).toMatchObject([
      { subvolume: 5, error: { code: "E_PLUGIN_FAILED", message: expect.stringContaining("no luck") } },
      { subvolume: 7, error: { code: "E_PLUGIN_RESULT" } },
    ]);
  });

  test("when nothing can be segmented the run fails and writes nothing", async () => {
    const folder = smallVolume();
    await expect(runSmall(configOf(folder, plugin(folder, "return 7;")))).rejects.toMatchObject({ code: "E_PLUGIN_RESULT" });
    expect(readdirSync(folder).filter((name) => name.startsWith("segmentation"))).toEqual([]);
  });
});

test("a run folder in use, a destination that is not the run's, a wrong type", async () => {
  const folder = smallVolume();
  const running = runSmall(configOf(folder));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await expect(runSmall(configOf(folder))).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
  await running;
  const other = configOf(folder, { "checkpoint-dir": "other.run" });
  await expect(runSmall(other)).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  await runSmall(configOf(folder, { "checkpoint-dir": "other.run", mutateseg: "yes", "stitch-algorithm": "none" }));
  const floats = temporaryFolder();
  writeNpy(join(floats, "gray.npy"), new Uint32Array(27), [3, 3, 3]);
  await expect(runSmall(configOf(floats))).rejects.toMatchObject({ code: "E_DTYPE" });
});
