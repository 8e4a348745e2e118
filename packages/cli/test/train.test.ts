/** `axonloom train agglomeration` on real data, `axonloom train voxels` on a phantom, and what they refuse. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder, writeConfig } from "./harness.ts";

const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const gala = (name: string) => join(DATA, "gala", `train-${name}.npy.gz`);
const volumes = ["--supervoxels", gala("ws"), "--ground-truth", gala("gt")];

test.skipIf(!existsSync(join(DATA, "gala")))(
  "a forest, its error and the features that decide; JSON; a part of the volume",
  async () => {
    const folder = temporaryFolder();
    const train = ["train", "agglomeration", ...volumes, "--prediction", gala("p1"), "--trees", "51"];
    const table = await axonloom([...train, "--output", "forest.xml"], folder);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(/^edges +865 \(471 different, 394 the same\)$/m);
    expect(Number(/^out-of-bag error +(0\.\d+)$/m.exec(table.stdout)?.[1])).toBeLessThan(0.05);
    expect(table.stdout).toMatch(/^edge\.c0\.mean +0\.\d+$/m);
    expect(readFileSync(join(folder, "forest.xml"), "utf8")).toContain("<ntrees>51</ntrees>");

    const again = await axonloom([...train, "--output", "forest.xml"], folder);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/E_DESTINATION_EXISTS.*forest\.xml exists already/) });

    const part = await axonloom([...train, "--output", "half.xml", "--box", "0,0,0,200,100,25", "--json"], folder);
    expect(JSON.parse(part.stdout)).toMatchObject({ channels: 1, features: 35, rows: 610, warnings: [] });
  },
);

test("what is missing is said", async () => {
  const folder = temporaryFolder();
  const train = ["train", "agglomeration", ...volumes, "--output", "forest.xml"];
  for (const more of [[], ["--gray", "gray.npy"], ["--prediction", "p.npy", "--gray", "gray.npy", "--config", "run.yml"]]) {
    const { code, stderr } = await axonloom([...train, ...more], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/E_USAGE: expected either --prediction, once for each channel, or --gray with --config/);
  }
  expect(await axonloom(["train", "agglomeration"], folder)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--supervoxels/),
  });
});

test("train voxels: a table, JSON, the same bytes again; a run predicts with what it made", { timeout: 180_000 }, async () => {
  const folder = temporaryFolder();
  const phantom = ["phantom", "--size", "48", "--seed", "1", "--gray", "gray.npy", "--truth", "truth.npy"];
  expect(await axonloom(phantom, folder)).toMatchObject({ code: 0 });
  const few = [
    "--samples",
    "400",
    "--trees",
    "10",
    "--features",
    "GaussianSmoothing,HessianOfGaussianEigenvalues@1.6",
    "--sigmas",
    "1",
  ];
  const train = ["train", "voxels", "--gray", "gray.npy", "--boundary-of", "truth.npy", ...few, "--output"];
  const table = await axonloom([...train, "a.axvoxels.json"], folder);
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table.stdout).toMatch(/^features +2 \(4 columns, fastfilters\)$/m);
  expect(table.stdout).toMatch(/^membrane +400 of [\d,]+ voxels, out-of-bag error 0\.\d{4}$/m);
  expect(table.stdout).toMatch(/^HessianOfGaussianEigenvalues 1\.6 +0\.\d{4}$/m);
  const json = await axonloom([...train, "b.axvoxels.json", "--json"], folder);
  expect(JSON.parse(json.stdout)).toMatchObject({ columns: 4, classes: [{ name: "membrane", samples: 400 }, { name: "inside" }] });
  expect(readFileSync(join(folder, "b.axvoxels.json"))).toEqual(readFileSync(join(folder, "a.axvoxels.json")));

  const predict = (model: string) => ({
    segmentor: {
      class: "Segmentor",
      configuration: { "predict-voxels": { function: "predict_voxels_with_model", parameters: { model } } },
    },
  });
  writeConfig(folder, predict("a.axvoxels.json"));
  const run = await axonloom(["run", "small.json", "--json", "--workers", "1"], folder);
  expect(run.code, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout.trimEnd().split("\n").at(-1)!)).toMatchObject({ status: "complete", quarantined: 0 });
  writeConfig(folder, predict("truth.npy"), {}, "wrong.json");
  expect(await axonloom(["run", "wrong.json"], folder)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/E_SOURCE_UNSUPPORTED.*expected a voxel classifier/),
  });
});

test("train voxels: wrong options are named", async () => {
  const folder = temporaryFolder();
  const train = ["train", "voxels", "--gray", "gray.npy", "--output", "a.json"];
  const refused = async (more: readonly string[], message: RegExp) =>
    expect(await axonloom([...train, ...more], folder)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  await refused([], /expected either --labels or --boundary-of/);
  await refused(["--labels", "l.npy", "--boundary-of", "t.npy"], /expected either --labels or --boundary-of/);
  await refused(["--labels", "l.npy", "--features", "Laplace"], /--features.*Expected filters among GaussianSmoothing/s);
  await refused(["--labels", "l.npy", "--sigmas", "1,0"], /--sigmas.*above 0/s);
  await refused(["--labels", "l.npy", "--classes", "1=a,1=b"], /--classes.*each label once/s);
  await refused(["--labels", "l.npy", "--classes", "a"], /--classes.*label=name/s);
});
