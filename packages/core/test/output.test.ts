import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSegmentation, digestVolume, type RunEvent, restitch, type StageName } from "@axonloom/core";
import { describe, expect, test } from "vitest";
import { configOf, runSmall, smallVolume } from "./fixtures.ts";

/** Stops a run at the nth task of a stage. */
async function stopAt(
  stage: StageName,
  n: number,
  start: (signal: AbortSignal, onEvent: (event: RunEvent) => void) => Promise<unknown>,
) {
  const abort = new AbortController();
  const onEvent = (event: RunEvent) => event.event === "progress" && event.stage === stage && event.done >= n && abort.abort();
  await expect(start(abort.signal, onEvent)).rejects.toMatchObject({ code: "E_INTERRUPTED" });
}

const noStitch = { "stitch-algorithm": "none" };
const other = { "checkpoint-dir": "other.run" };

describe("two run folders and one destination", () => {
  test("unfinished, they do not write into each other's volume", async () => {
    const folder = smallVolume();
    const [a, b] = [configOf(folder), configOf(folder, { ...noStitch, ...other })];
    await stopAt("write", 5, (signal, onEvent) => createSegmentation(a, { workers: 2, signal, onEvent }));
    await stopAt("pyramid", 1, (signal, onEvent) => createSegmentation(b, { workers: 2, signal, onEvent }));
    const { summary } = await runSmall(a);
    expect(summary.digest).toBe((await runSmall(configOf(smallVolume()))).summary.digest);
    await expect(runSmall(b)).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
  });

  test("what another one published is not taken for one's own", async () => {
    const folder = smallVolume();
    await runSmall(configOf(folder));
    const theirs = await runSmall(configOf(folder, { ...noStitch, ...other, mutateseg: "yes" }));
    await expect(runSmall(configOf(folder))).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
    await expect(runSmall(configOf(folder, { "label-offset": 7 }))).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
    expect((await digestVolume(theirs.summary.output)).digest).toBe(theirs.summary.digest);
  });
});

describe("an own result may be made anew", () => {
  test("restitch in place, stopped while it writes, goes on; until then the old result stays", async () => {
    const folder = smallVolume();
    const first = (await runSmall(configOf(folder))).summary;
    const changes = { algorithm: "none" as const };
    await stopAt("write", 5, (signal, onEvent) => restitch(first["run-folder"], changes, { workers: 2, signal, onEvent }));
    expect((await digestVolume(first.output)).digest).toBe(first.digest);
    const { summary } = await restitch(first["run-folder"], changes, { workers: 2 });
    expect(summary).toMatchObject({ matches: 0, output: first.output });
    expect((await digestVolume(first.output)).digest).toBe(summary.digest);
  });

  test("begun with one partition, gone on with another, and with the first again: nothing of either try stays", async () => {
    const folder = smallVolume();
    const larger = { "chunk-size": 64 };
    await stopAt("write", 20, (signal, onEvent) => createSegmentation(configOf(folder), { workers: 2, signal, onEvent }));
    await stopAt("write", 5, (signal, onEvent) => createSegmentation(configOf(folder, larger), { workers: 2, signal, onEvent }));
    const { summary } = await runSmall(configOf(folder));
    expect(summary.digest).toBe((await runSmall(configOf(smallVolume()))).summary.digest);
    expect((await digestVolume(summary.output)).digest).toBe(summary.digest);
  });

  test("--fresh forgets the checkpoints and replaces the result", async () => {
    const folder = smallVolume();
    const first = (await runSmall(configOf(folder))).summary;
    const again = (await runSmall(configOf(folder), { fresh: true })).summary;
    expect(again).toMatchObject({ restored: 0, digest: first.digest });
  });

  test("a refused destination costs no checkpoint, even with --fresh", async () => {
    const folder = smallVolume();
    const { summary } = await runSmall(configOf(folder));
    writeFileSync(join(folder, "segmentation", "info"), "{}");
    await expect(runSmall(configOf(folder), { fresh: true })).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
    expect(readdirSync(join(summary["run-folder"], "labels"))).toHaveLength(27);
  });

  test("a crash between the renaming and its note is finished by the next run", async () => {
    const folder = smallVolume();
    const { summary } = await runSmall(configOf(folder));
    const [name] = readdirSync(join(folder, "run", "outputs"));
    const path = join(folder, "run", "outputs", name!);
    const record = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...record, step: "publishing", published: null }));
    expect((await runSmall(configOf(folder))).summary).toMatchObject({ digest: summary.digest, restored: 27 });
  });

  test("a result with gaps does not take the place of a complete one", async () => {
    const folder = smallVolume();
    const plugin = (body: string) => {
      const code = `export const bad = ({ gray, shape, subvolume }) => { ${body}; return { data: Float32Array.from(gray, (g) => 1 - g / 255), shape: [...shape, 1] }; };`;
      writeFileSync(join(folder, "bad.mjs"), code);
      return { segmentor: { configuration: { "predict-voxels": { function: "./bad.mjs:bad" } } } };
    };
    const whole = (await runSmall(configOf(folder, plugin("")))).summary;
    const holed = await runSmall(configOf(folder, plugin("if (subvolume === 4) throw new Error('now it fails')")));
    expect(holed.summary).toMatchObject({ status: "incomplete", quarantined: 1 });
    expect(holed.summary.output).not.toBe(whole.output);
    expect((await digestVolume(holed.summary.output)).digest).toBe(holed.summary.digest);
    expect((await digestVolume(whole.output)).digest).toBe(whole.digest);
    expect(holed.events).toContainEqual({
      event: "warning",
      message: expect.stringContaining("the complete one of an earlier run stays"),
    });
  });
});

test("damaged evidence is found, named and counted again", async () => {
  const folder = smallVolume();
  const { summary } = await runSmall(configOf(folder));
  const faces = readdirSync(join(folder, "run", "evidence"));
  expect(faces).toHaveLength(54);
  truncateSync(join(folder, "run", "evidence", faces[10]!), 60);
  const again = await runSmall(configOf(folder));
  expect(again.summary).toMatchObject({ digest: summary.digest, restored: 27 });
  const messages = again.events.flatMap((event) => (event.event === "log" ? [event.message] : []));
  expect(messages).toContainEqual(expect.stringContaining(`${faces[10]} is damaged`));
});

test("a subvolume that failed and then has nothing to segment is no gap any more", async () => {
  const folder = smallVolume();
  const config = (failing: boolean) => {
    const code = `export const none = ({ subvolume, mask, shape }) => {
      if (subvolume === 3) { if (${failing}) throw new Error("not today"); return new Uint32Array(shape[0] * shape[1] * shape[2]); }
      return mask === null ? new Uint32Array(shape[0] * shape[1] * shape[2]).fill(1) : Uint32Array.from(mask);
    };`;
    writeFileSync(join(folder, "none.mjs"), code);
    return configOf(folder, { segmentor: { configuration: { "create-supervoxels": { function: "./none.mjs:none" } } } });
  };
  expect((await runSmall(config(true))).certificate).toMatchObject({ complete: false, gaps: [{ subvolume: 3, voxels: 32 ** 3 }] });
  expect((await runSmall(config(false))).certificate).toMatchObject({ complete: true, "voxels-written": 96 ** 3 });
});

test("a segmentor that matches segments which are not there is an error", async () => {
  const folder = smallVolume();
  const code = `export class Wrong {
    async segment({ gray, inside }) { return inside === null ? new Uint32Array(gray.data.length).fill(1) : Uint32Array.from(inside); }
    stitch() { return [{ a: 1000, b: 1 }]; }
  }`;
  writeFileSync(join(folder, "wrong.mjs"), code);
  const run = runSmall(configOf(folder, { segmentor: { class: "./wrong.mjs:Wrong" } }));
  await expect(run).rejects.toMatchObject({ code: "E_PLUGIN_RESULT", message: expect.stringContaining("found segment 1000") });
  expect(existsSync(join(folder, "segmentation"))).toBe(false);
});

test("a listener that throws ends the run with its error", async () => {
  const folder = smallVolume();
  const run = createSegmentation(configOf(folder), {
    workers: 2,
    onEvent: (event) => {
      if (event.event === "progress" && event.done === 3) throw new Error("the reader went away");
    },
  });
  await expect(run).rejects.toThrow("the reader went away");
  expect((await runSmall(configOf(folder))).summary.restored).toBeGreaterThan(1);
});
