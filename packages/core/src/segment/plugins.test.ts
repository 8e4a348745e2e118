import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stepOf } from "./default-steps.ts";
import { checkStep, pluginFingerprint, resolveStep } from "./plugins.ts";
import type { StepName } from "./types.ts";
import { parseUserReference } from "./user-module.ts";

let folder: string;
const source = "export const double = ({ parameters }) => parameters.n * 2; export const three = 3; export default () => 0;";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-plugins-"));
  await writeFile(join(folder, "mine.mjs"), source);
  await writeFile(join(folder, "broken.mjs"), "export const = ;");
});
afterAll(() => rm(folder, { recursive: true }));

test.each<[string, StepName, string]>([
  ["seeded_watershed", "create-supervoxels", "seeded_watershed"],
  ["DVIDSparkServices.reconutils.misc.seeded_watershed", "create-supervoxels", "seeded_watershed"],
  ["DVIDSparkServices.reconutils.plugins.seeded_watershed", "create-supervoxels", "seeded_watershed"],
  ["DVIDSparkServices.reconutils.misc.find_large_empty_regions", "background-mask", "find_large_empty_regions"],
  ["DVIDSparkServices.reconutils.misc.naive_membrane_predictions", "predict-voxels", "naive_membrane_predictions"],
  ["DVIDSparkServices.reconutils.misc.noop_aggolmeration", "agglomerate-supervoxels", "noop_agglomeration"],
  ["DVIDSparkServices.reconutils.misc.noop_agglomeration", "agglomerate-supervoxels", "noop_agglomeration"],
  [
    "DVIDSparkServices.reconutils.plugins.create_supervoxels_with_wsdt.create_supervoxels_with_wsdt",
    "create-supervoxels",
    "create_supervoxels_with_wsdt",
  ],
  ["read_predictions", "predict-voxels", "read_predictions"],
  ["mean_agglomerate", "agglomerate-supervoxels", "mean_agglomerate"],
])("%s is a built-in of %s", async (name, step, builtIn) => {
  const parameters = builtIn === "read_predictions" ? { source: "npy:///a.npy" } : {};
  expect((await resolveStep(stepOf(name, parameters), step)).builtIn?.name).toBe(builtIn);
});

test.each<[string, StepName, string, RegExp]>([
  [
    "seeded_watersheds",
    "create-supervoxels",
    "E_PLUGIN_NOT_FOUND",
    /create-supervoxels\.function: .*did you mean seeded_watershed\?/,
  ],
  ["numpy.zeros", "create-supervoxels", "E_PLUGIN_NOT_FOUND", /Expected one of seeded_watershed, create_supervoxels_with_wsdt/],
  [
    "seeded_watershed",
    "predict-voxels",
    "E_CONFIG_INVALID",
    /is a function for create-supervoxels; expected one of naive_membrane_predictions/,
  ],
  [
    "DVIDSparkServices.reconutils.plugins.ilastik_predict_with_array",
    "predict-voxels",
    "E_CONFIG_INVALID",
    /predict-voxels\.parameters\.ilp_path: /,
  ],
  ["neuroproof_agglomerate", "agglomerate-supervoxels", "E_CONFIG_INVALID", /agglomerate-supervoxels\.parameters\.classifier: /],
  [
    "DVIDSparkServices.reconutils.plugins.two_stage_voxel_predictions",
    "predict-voxels",
    "E_CONFIG_INVALID",
    /predict-voxels\.parameters\.stage_1_ilp_path: /,
  ],
  [
    "DVIDSparkServices.reconutils.plugins.ilastik_multicut",
    "agglomerate-supervoxels",
    "E_CONFIG_UNSUPPORTED",
    /options\.segmentor\.configuration\.agglomerate-supervoxels\.function: .*does not exist here yet; there is mean_agglomerate/,
  ],
])("%s for %s is refused", async (name, step, code, message) => {
  await expect(checkStep(stepOf(name), step)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test("parameters of built-ins get defaults and are checked", async () => {
  const parse = async (parameters: Record<string, unknown>) =>
    (await resolveStep(stepOf("seeded_watershed", parameters), "create-supervoxels")).parameters;
  expect(await parse({})).toEqual({ boundary_channel: 0, seed_threshold: 0.2, seed_size: 5, min_segment_size: 0 });
  expect(await parse({ minSegmentSize: 300 })).toMatchObject({ min_segment_size: 300 });
  const refused = (parameters: Record<string, unknown>) => expect(parse(parameters)).rejects;
  await refused({ seed_treshold: 0.1 }).toMatchObject({
    code: "E_CONFIG_INVALID",
    message: expect.stringMatching(
      /create-supervoxels\.parameters\.seed_treshold: unknown parameter; did you mean seed_threshold\?/,
    ),
  });
  await refused({ seed_size: "5" }).toMatchObject({
    code: "E_CONFIG_INVALID",
    message: expect.stringMatching(/seed_size: .*found "5"/),
  });
  await refused({ seed_threshold: 2 }).toMatchObject({ code: "E_CONFIG_INVALID" });
  await refused({ minSegmentSize: 1, min_segment_size: 2 }).toMatchObject({ message: expect.stringMatching(/given twice/) });
  await expect(checkStep(stepOf("naive_membrane_predictions", { range: [9, 9] }), "predict-voxels")).rejects.toThrow(/low < high/);
  await expect(checkStep(stepOf("noop_agglomeration", { x: 1 }), "agglomerate-supervoxels")).rejects.toThrow(/takes none/);
  await expect(checkStep(stepOf("read_predictions"), "predict-voxels")).rejects.toThrow(/parameters\.source/);
});

test("a user's function", async () => {
  const { run, builtIn, parameters } = await resolveStep(stepOf(`${folder}/mine.mjs:double`, { n: 21 }), "predict-voxels");
  expect(builtIn).toBeNull();
  expect((run as unknown as (input: unknown) => number)({ parameters })).toBe(42);
  await expect(checkStep(stepOf(`${folder}/mine.mjs:default`), "predict-voxels")).resolves.toBeUndefined();
});

test.each([
  ["mine.mjs:triple", /no function named triple; it exports default, double$/],
  ["mine.mjs:three", /no function named three/],
  ["mine.mjs", /found no name after the path; it exports default, double/],
  ["missing.mjs:f", /missing\.mjs cannot be imported/],
  ["broken.mjs:f", /broken\.mjs cannot be imported/],
])("%s is not found", async (name, message) => {
  await expect(checkStep(stepOf(`${folder}/${name}`), "predict-voxels")).rejects.toMatchObject({
    code: "E_PLUGIN_NOT_FOUND",
    message: expect.stringMatching(message),
  });
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("a fingerprint does not depend on how the same thing is written, but on the module's content", async () => {
  const short = await pluginFingerprint(stepOf("seeded_watershed"));
  expect(short).toEqual({
    function: "seeded_watershed",
    parameters: { boundary_channel: 0, seed_threshold: 0.2, seed_size: 5, min_segment_size: 0 },
  });
  expect(await pluginFingerprint(stepOf("DVIDSparkServices.reconutils.misc.seeded_watershed", { seed_size: 5 }))).toEqual(short);
  expect(await pluginFingerprint(stepOf(`${folder}/mine.mjs:double`, { n: 1 }))).toEqual({
    function: "double",
    parameters: { n: 1 },
    sha256: sha256(`${sha256(source)} `),
  });
});

test("references to users' modules", () => {
  expect(parseUserReference("/a/b.mjs:f")).toEqual({ path: "/a/b.mjs", exportName: "f" });
  expect(parseUserReference("/a:b/c.mjs")).toEqual({ path: "/a:b/c.mjs", exportName: "" });
  expect(parseUserReference("/a/plugin:f")).toEqual({ path: "/a/plugin", exportName: "f" });
  expect(parseUserReference("seeded_watershed")).toBeNull();
  expect(parseUserReference("DVIDSparkServices.reconutils.misc.seeded_watershed")).toBeNull();
});
