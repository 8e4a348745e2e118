/** The configuration of an evaluation: defaults, paths, what is refused; and its page. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseEvaluation } from "./config.ts";
import { evaluationReferenceMarkdown } from "./reference.ts";

const parse = (raw: unknown) => parseEvaluation(raw, { baseFolder: "/data", file: "/data/e.yml" });
const input = { "ground-truth": "truth.npy", segmentation: "precomputed://seg" };

test("defaults are the original's; relative paths start at the file's folder", () => {
  expect(parse({ input })).toMatchObject({
    groundTruth: "/data/truth.npy",
    segmentation: "precomputed:///data/seg",
    destination: "/data/e.evaluation",
    file: "/data/e.yml",
    bodyThreshold: 1000,
    pointThreshold: 10,
    chunk: [256, 256, 256],
    boundarySize: 2,
    skipUnsegmented: false,
    listLength: 100,
    measures: new Set(["rand", "vi", "count", "connectivity", "edit"]),
    histogramPercents: [50, 75, 90],
    editPercents: [50, 75, 90],
    splitFactor: 5,
    connectionThresholds: [1, 5, 10],
    runComponents: true,
    heatMap: true,
    sparse: false,
  });
  expect(parse({ input: { "ground-truth": "t.npy" } }).segmentation).toBeNull();
});

test("everything else", () => {
  const config = parse({
    input: {
      ...input,
      "point-lists": ["syn.json", { file: "b/points.json", name: "other", type: "synapse" }],
      skeletons: { folder: "swc", "unit-nm": 8 },
    },
    output: { destination: "out" },
    options: {
      "chunk-size": [64, 96, 128],
      plugins: [{ name: "edit", parameters: { volthres: 90, splitfactor: 2 } }, { name: "orphans" }],
      "important-bodies": [1, "18446744073709551615"],
      "enable-sparse": true,
      "segmentation-zero": "ignored",
    },
  });
  expect(config).toMatchObject({
    pointLists: [
      { file: "/data/syn.json", dvid: null, name: "syn", type: null },
      { file: "/data/b/points.json", dvid: null, name: "other", type: "synapse" },
    ],
    skeletons: { folder: "/data/swc", unitNm: 8 },
    destination: "/data/out",
    chunk: [128, 96, 64],
    measures: new Set(["edit", "orphans"]),
    editPercents: [90],
    splitFactor: 2,
    importantBodies: [1n, 2n ** 64n - 1n],
    skipUnsegmented: true,
  });
  // what is written into the results can be read again
  expect(parse(config.resolved)).toEqual(config);
});

describe("refused, all at once, with the key", () => {
  test.each([
    [{}, /input: is missing/],
    [{ input: {} }, /input\.ground-truth: is missing\. The labels that are right/],
    [{ input, options: { "chunk-size": 100 } }, /options\.chunk-size: expected a multiple of 32/],
    [{ input, options: { "body-treshold": 1 } }, /options\.body-treshold: unknown key; did you mean body-threshold\?/],
    [{ input, options: { plugins: [{ name: "vo" }] } }, /options\.plugins\[0\]\.name: expected one of rand, vi/],
    [{ input, options: { "enable-sparse": true } }, /options\.important-bodies: is missing/],
    [{ input, options: { "important-bodies": [2 ** 53] } }, /options\.important-bodies\[0\].*quotes/],
    [
      { input, options: { plugins: [{ name: "vi", parameters: { thresholds: [5] } }] } },
      /parameters\.thresholds: expected no parameters for vi/,
    ],
    [{ input, options: { plugins: [{ name: "count", parameters: { thresholds: [150] } }] } }, /thresholds: expected percents/],
    [{ input, options: { plugins: [{ name: "vi" }, { name: "vi" }] } }, /options\.plugins: expected each measure once/],
    [{ input, roi: {} }, /roi: expected one of file, box, dvid/],
    [{ input, options: { "body-threshold": -1, "boundary-size": "two" } }, /2 problems[\s\S]*body-threshold[\s\S]*boundary-size/],
  ])("%j", (raw, message) => {
    expect(() => parse(raw)).toThrow(message);
  });

  test("DVID: what is missing, without the consequences", () => {
    const problemsOf = (raw: unknown) => {
      try {
        parse(raw);
      } catch (error) {
        return (error as { fields: { problems: readonly { path: string }[] } }).fields.problems.map(({ path }) => path);
      }
      return [];
    };
    expect(problemsOf({ input: {}, "dvid-info": { "label-name": "gt" } })).toEqual(["dvid-info.dvid-server", "dvid-info.uuid"]);
    expect(problemsOf({ input, "dvid-info": { "point-lists": ["kv/syn"] } })).toEqual(["dvid-info.dvid-server"]);
    expect(problemsOf({ input, "dvid-info": { ...dvid, "point-lists": ["synapses"] } })).toContain("dvid-info.point-lists[0]");
    expect(problemsOf({ input, "dvid-info": dvid })).toEqual(["input.ground-truth"]);
  });
});

const dvid = { "dvid-server": "127.0.0.1:8000", uuid: "abc", "label-name": "gt" };

test("the original's configuration", () => {
  const config = parse({
    "dvid-info": { ...dvid, roi: "seven", "point-lists": ["kv/syn"], "stats-location": "stats", "user-name": "me" },
    "dvid-info-comp": { ...dvid, uuid: "def", "label-name": "test" },
    options: { "body-threshold": 500, "point-threshold": 5, "chunk-size": 512, "boundary-size": 1, "user-name": "you" },
  });
  const place = { server: "127.0.0.1:8000", version: "abc" };
  expect(config).toMatchObject({
    groundTruth: "dvid://127.0.0.1:8000/abc/gt",
    segmentation: "dvid://127.0.0.1:8000/def/test",
    roi: { kind: "dvid", source: "dvid://127.0.0.1:8000/abc/seven" },
    pointLists: [{ file: "kv/syn", dvid: place, name: "syn", type: null }],
    metrics: { place, location: "stats" },
    user: "you",
  });
  expect(parse(config.resolved)).toEqual(config);
  expect(parse({ input, "dvid-info": { "user-name": "me", "stats-location": "x" } })).toMatchObject({ metrics: null, user: "me" });
});

test("docs/reference/evaluation.md is current (npm run setup && node scripts/make-docs.mjs)", () => {
  const path = fileURLToPath(new URL("../../../../../docs/reference/evaluation.md", import.meta.url));
  expect(evaluationReferenceMarkdown()).toBe(readFileSync(path, "utf8"));
});
