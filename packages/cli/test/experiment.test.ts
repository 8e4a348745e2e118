/** `experiment` and `compare` as commands, on small phantoms: their files, their tables, and that a page draws itself in a browser. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunComparison, ScalingResult, Table1Result, Table2Result } from "@axonloom/core";
import { createVolume, openVolume, publishVolume, reportHtml } from "@axonloom/core";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder, writeConfig } from "./harness.ts";

const BROWSER = process.env["AXONLOOM_CHROMIUM"] ?? "chromium";
const required = /\bbrowser\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const hasBrowser = required || spawnSync(BROWSER, ["--version"]).status === 0;

async function json<T>(args: readonly string[], folder: string): Promise<T> {
  const { code, stdout, stderr } = await axonloom([...args, "--json"], folder);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

// A run, nine results and two evaluations: seconds on a machine that is free, minutes on one that is not.
test("table-2: a row for each policy and threshold, files for people and programs", { timeout: 600_000 }, async () => {
  const folder = temporaryFolder();
  const args = ["experiment", "table-2", "--folder", "out", "--size", "96", "--volumes", "medulla"];
  const { rows, checks, places } = await json<Table2Result>(args, folder);
  expect(rows.map(({ thresholds, algorithm }) => `${thresholds} ${algorithm}`)).toEqual(
    ["kept", "scaled"].flatMap((thresholds) =>
      ["none", "conservative", "medium", "aggressive", "either"].map((algorithm) => `${thresholds} ${algorithm}`),
    ),
  );
  // Policies nest, so what a bolder one merges can only be more, and what it leaves split only less.
  for (const half of [rows.slice(0, 5), rows.slice(5)]) {
    for (let i = 1; i < half.length; i++) {
      expect(half[i]!.merge_vi).toBeGreaterThanOrEqual(half[i - 1]!.merge_vi - 1e-12);
      expect(half[i]!.split_vi).toBeLessThanOrEqual(half[i - 1]!.split_vi + 1e-12);
    }
  }
  expect(rows[3]!.merge_vi).toBeGreaterThan(rows[2]!.merge_vi);
  expect(checks).toHaveLength(8);
  expect(places[0]).toMatchObject({
    volume: "medulla",
    worst: expect.arrayContaining([expect.objectContaining({ algorithm: "aggressive" })]),
  });
  expect(places[0]!.medium).toHaveLength(8);
  expect(existsSync(join(folder, "out/medulla/evaluation-aggressive/report.html"))).toBe(true);
  expect(readdirSync(join(folder, "out"))).toEqual(
    expect.arrayContaining(["report.html", "report.md", "result.json", "table-2.csv", "table-2-kept.svg", "table-2-kept.png"]),
  );
  expect(readFileSync(join(folder, "out/table-2.csv"), "utf8").split("\n")).toHaveLength(12);
});

test("table-1: parts of the time, room and restoring of checkpoints", async () => {
  const folder = temporaryFolder();
  const result = await json<Table1Result>(["experiment", "table-1", "--folder", "out", "--size", "96", "--workers", "1"], folder);
  expect(result).toMatchObject({ voxels: 96 ** 3, subvolumes: 8, workers: 1, cores: 1, checkpoints: { restored: 8 } });
  expect(result.checkpoints.raw_bytes).toBe(8 * 8 * 104 ** 3);
  const seconds = result.rows.map((row) => row.seconds);
  expect(seconds.slice(0, 4).reduce((a, b) => a + b)).toBeCloseTo(seconds[4]!, 6);
  expect(result.peak_bytes).toBeGreaterThan(50e6);
  expect(existsSync(join(folder, "out/table-1.csv"))).toBe(true);
});

test("scaling: a run for each size and number of workers", async () => {
  const folder = temporaryFolder();
  const { rows, fits } = await json<ScalingResult>(["experiment", "scaling", "--edges", "1,2", "--workers", "1"], folder);
  expect(rows).toMatchObject([
    { subvolumes: 1, voxels: 64 ** 3, workers: 1 },
    { subvolumes: 8, voxels: 128 ** 3, workers: 1 },
  ]);
  expect(fits).toHaveLength(1);
  // Eight times the voxels: exponent = log(ratio of times) / log(8).
  expect(fits[0]!.time_exponent).toBeCloseTo(Math.log(rows[1]!.seconds / rows[0]!.seconds) / Math.log(8), 9);
  expect(existsSync(join(folder, "scaling/scaling-time.png"))).toBe(true);
});

test("compare: configurations, merges of one run only, where they are; --report draws itself in a browser", async () => {
  const folder = temporaryFolder();
  await axonloom(["phantom", "--size", "96", "--gray", "gray.npy", "--truth", "truth.npy"], folder);
  for (const [name, algorithm] of [
    ["none", "none"],
    ["medium", "medium"],
  ] as const) {
    const output = { destination: `precomputed://${name}` };
    const config = writeConfig(folder, { "stitch-algorithm": algorithm }, { output }, `${name}.json`);
    expect(await axonloom(["run", config], folder)).toMatchObject({ code: 0 });
  }
  const args = ["compare", "none.run", "medium.run", "--ground-truth", "truth.npy"];
  const found = await json<RunComparison>(args, folder);
  expect(found.configuration.map(({ key }) => key)).toEqual([
    "output.destination",
    "options.stitch-algorithm",
    "options.checkpoint-dir",
  ]);
  expect(found).toMatchObject({ identical: false, merges_only_in_a: [], merges_only_in_a_vi: 0 });
  expect(found.merges_only_in_b.length).toBeGreaterThan(0);
  expect(found.vi).toBe(found.merges_only_in_b_vi);
  expect(found.cells).toHaveLength(27);
  // Inside a subvolume stitching changes nothing but what the borders bring.
  for (const cell of found.cells) expect(cell.merges_only_in_a).toBe(0);

  const same = await json<RunComparison>(["compare", "none.run", "none.run"], folder);
  expect(same).toMatchObject({ identical: true, vi: 0, configuration: [], merges_only_in_b: [] });
  // A truth of a part: what it covers is measured, and said.
  const [part40, voxelSizeNm] = [{ start: [0, 0, 0], stop: [96, 96, 40] }, [8, 8, 8]] as const;
  const truth = await (await openVolume(join(folder, "truth.npy"))).read(part40);
  const spec = {
    dtype: truth.data instanceof Uint32Array ? "uint32" : "uint64",
    kind: "labels",
    bounds: part40,
    voxelSizeNm,
  } as const;
  await (await createVolume(join(folder, "part.npy"), spec)).write(part40, truth);
  await publishVolume(join(folder, "part.npy"));
  const part = await json<RunComparison>(["compare", "none.run", "medium.run", "--ground-truth", "part.npy"], folder);
  expect(part.warnings).toEqual([expect.stringMatching(/the ground truth covers only/)]);
  expect(part.cells.filter(({ merge_vi_difference: d }) => d !== null)).toHaveLength(18);
  const text = await axonloom([...args, "--report", "report"], folder);
  expect(text.stdout).toContain('| options.stitch-algorithm | "none" ');
  expect(readFileSync(join(folder, "report/report.md"), "utf8")).toContain("Merges only in B");
  expect(await axonloom(["compare", "none.run", "nowhere"], folder)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("E_RUN_FOLDER"),
  });
  // Somebody has put another result in the place of one: what lies there counts, and it is said.
  rmSync(join(folder, "none"), { recursive: true });
  cpSync(join(folder, "medium"), join(folder, "none"), { recursive: true });
  const replaced = await json<RunComparison>(["compare", "none.run", "medium.run"], folder);
  expect(replaced).toMatchObject({ identical: true, vi: 0, warnings: [expect.stringMatching(/something else has replaced it/)] });
});

test.skipIf(!hasBrowser)("a report's heat map draws the layer that its slider is at, without a network", async () => {
  const folder = temporaryFolder();
  const cell = (z: number, value: number, href?: string) => ({
    box_xyz: [
      [0, 0, z],
      [8, 8, z + 8],
    ],
    values: [value],
    ...(href !== undefined && { href }),
  });
  const map = {
    title: "m",
    measures: [{ name: "f.merge", unit: "bits" }],
    cells: [cell(0, 1), cell(8, 2, "https://example.org/#!x")],
  } as never;
  const html = await reportHtml({ title: "t", parts: [{ kind: "heat-map", map }] });
  const page = join(folder, "page.html");
  const draw = (more: string) => {
    writeFileSync(page, html.replace("</body>", `${more}</body>`));
    const { status, stdout } = spawnSync(BROWSER, ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", `file://${page}`], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    return stdout;
  };
  const first = draw("");
  // At first the layer of the worst cell.
  expect(first).toContain("<output>z 8 to 16</output>");
  expect(first).toContain("<title>x 0–8, y 0–8: 2.0000 bits</title>");
  expect(first).toContain('<a href="https://example.org/#!x"');
  const second = draw(
    '<script>{ const s = document.querySelector("input"); s.value = 0; s.dispatchEvent(new Event("input")); }</script>',
  );
  expect(second).toContain("<output>z 0 to 8</output>");
  expect(second).toContain("x 0–8, y 0–8: 1.0000 bits");
  expect(second).not.toContain('<a href="https://example.org');
  // Half of the largest value of all layers has the middle of the ramp.
  expect(second).toContain('fill="rgb(240,128,60)"');
});

test("experiments say what is wrong with their arguments", async () => {
  const folder = temporaryFolder();
  const said = async (...args: string[]) => {
    const { code, stderr } = await axonloom(["experiment", ...args], folder);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await said("table-2", "--volumes", "fib25", "--data", "nowhere")).toMatch(
    /E_SOURCE_NOT_FOUND: fib25: expected the folder fib25-training2 of the data, .*nowhere\/fib25-training2 is not there/,
  );
  expect(await said("table-2", "--volumes", "medulla,medulla")).toMatch(/each name once/);
  expect(await said("table-2", "--volumes", "cortex")).toMatch(/one of medulla, mushroom-body, fib25, gala/);
  expect(await said("scaling", "--edges", "0")).toMatch(/of 1 or more/);
});
