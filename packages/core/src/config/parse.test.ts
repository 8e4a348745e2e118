import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AxonloomError, isAxonloomError } from "../errors.ts";
import { parseConfig } from "./parse.ts";

const base = "/data/lab";
const minimal = { input: { source: "images://grey" }, output: { destination: "precomputed://out" } };

function parse(raw: unknown) {
  return parseConfig(raw, { baseFolder: base });
}

/** The error of a configuration that must fail, with its problems as `path` -> message. */
function failure(raw: unknown): { error: AxonloomError; problems: Record<string, string> } {
  try {
    parse(raw);
  } catch (error) {
    if (!isAxonloomError(error)) throw error;
    const list = error.fields["problems"] as { path: string; message: string }[];
    return { error, problems: Object.fromEntries(list.map(({ path, message }) => [path, message])) };
  }
  throw new Error("expected an error");
}

const withOptions = (options: unknown) => ({ ...minimal, options });
const withStep = (name: string, step: unknown) => withOptions({ segmentor: { configuration: { [name]: step } } });

test("defaults are those of the original, and ours where it has none", () => {
  const config = parse(minimal);
  expect(config).toMatchObject({
    input: { source: "images:///data/lab/grey", voxelSizeNm: null },
    output: { destination: "precomputed:///data/lab/out", encoding: null, gzip: null, chunk: null },
    roi: { kind: "whole" },
    partitionMethod: "grid-aligned",
    partitionFilter: "all",
    chunk: [512, 512, 512],
    border: [20, 20, 20],
    preserveBodies: null,
    stitch: { algorithm: "medium", minimumOverlap: 50, liberalOverlap: 1000, overlapRatio: 0.9, eligibilityPlane: true },
    labelOffset: 0n,
    iterationSize: 0,
    checkpoint: "segmentation",
    runFolder: "/data/lab/axonloom.run",
    coresPerTask: 1,
    parallelWrites: 125,
    replaceOutput: false,
    newOutput: false,
    debug: false,
  });
  expect(config.segmentor.class).toBe("DVIDSparkServices.reconutils.Segmentor.Segmentor");
  expect(config.segmentor.configuration["create-supervoxels"]).toEqual({
    function: "seeded_watershed",
    parameters: {},
    "use-subprocess": false,
    "subprocess-timeout": 0,
    "subprocess-memory": 0,
  });
});

test("files that a step depends on get absolute paths", () => {
  const config = parse(withStep("predict-voxels", { function: "./net.mjs:f", "depends-on": ["model.onnx", "/models/b.onnx"] }));
  expect(config.segmentor.configuration["predict-voxels"]["depends-on"]).toEqual(["/data/lab/model.onnx", "/models/b.onnx"]);
  expect(failure(withStep("predict-voxels", { "depends-on": "model.onnx" })).problems).toHaveProperty([
    "options.segmentor.configuration.predict-voxels.depends-on",
  ]);
});

test("a classifier gets an absolute path", () => {
  const agglomerate = (parameters: unknown) =>
    parse(withStep("agglomerate-supervoxels", { function: "neuroproof_agglomerate", parameters })).segmentor.configuration[
      "agglomerate-supervoxels"
    ].parameters;
  expect(agglomerate({ classifier: { path: "agglom.xml" }, threshold: 0.3 })).toMatchObject({
    classifier: { path: "/data/lab/agglom.xml" },
    threshold: 0.3,
  });
  expect(agglomerate({ classifier: { path: "/models/agglom.xml" } })).toMatchObject({ classifier: { path: "/models/agglom.xml" } });
  const inDvid = { classifier: { path: "kv/agglom", "dvid-server": "http://dvid", uuid: "abc" } };
  const { problems } = failure(withStep("agglomerate-supervoxels", { function: "neuroproof_agglomerate", parameters: inDvid }));
  expect(JSON.stringify(problems)).toMatch(/kept in DVID cannot be read yet; store it as a file/);
});

test("x, y, z of the file is z, y, x in the program", () => {
  const config = parse({
    input: { source: "/abs/grey.npy", "voxel-size-nm": [4, 5, 40] },
    output: { destination: "out", chunk: [64, 32, 16] },
    roi: {
      box: [
        [1, 2, 3],
        [10, 20, 30],
      ],
    },
    options: { "chunk-size": [64, 96, 128], border: [1, 2, 3] },
  });
  expect(config.input).toEqual({ source: "/abs/grey.npy", voxelSizeNm: [40, 5, 4] });
  expect(config.output.chunk).toEqual([16, 32, 64]);
  expect(config.roi).toEqual({ kind: "box", box: { start: [3, 2, 1], stop: [30, 20, 10] } });
  expect([config.chunk, config.border]).toEqual([
    [128, 96, 64],
    [3, 2, 1],
  ]);
});

test("relative paths start at the folder of the file", () => {
  const config = parseConfig(
    {
      input: { source: "raw://../grey.raw?shape=8,8,8&dtype=uint8" },
      output: { destination: "precomputed://gs://bucket/seg" },
      roi: { file: "roi.json" },
      options: {
        segmentor: {
          class: "./own.mjs:Own",
          configuration: {
            "predict-voxels": { function: "read_predictions", parameters: { source: "npy://membrane.npy" } },
            "create-supervoxels": { function: "plugins/own.mjs:cut", parameters: { source: "stays" } },
            "preserve-bodies": { source: "proofread", bodies: [7] },
          },
        },
      },
    },
    { baseFolder: base, file: join(base, "volume.v2.yml") },
  );
  expect(config.input.source).toBe("raw:///data/grey.raw?shape=8,8,8&dtype=uint8");
  expect(config.output.destination).toBe("precomputed://gs://bucket/seg");
  expect(config.roi).toEqual({ kind: "file", path: "/data/lab/roi.json", blockSize: 32 });
  expect(config.segmentor.class).toBe("/data/lab/own.mjs:Own");
  expect(config.segmentor.configuration["predict-voxels"].parameters).toEqual({ source: "npy:///data/lab/membrane.npy" });
  expect(config.segmentor.configuration["create-supervoxels"]).toMatchObject({
    function: "/data/lab/plugins/own.mjs:cut",
    parameters: { source: "stays" },
  });
  expect(config.preserveBodies).toEqual({ source: "/data/lab/proofread", bodies: [7n] });
  expect(config.runFolder).toBe("/data/lab/volume.v2.run");
  expect(parse(withOptions({ "checkpoint-dir": "runs/a" })).runFolder).toBe("/data/lab/runs/a");
});

// Appendix B of the paper: the form, with names of our own.
const paper = {
  "dvid-info": {
    "dvid-server": "127.0.0.1:8000",
    uuid: "abc",
    "segmentation-name": "segmentation",
    roi: "seven_column",
    grayscale: "grayscale",
  },
  options: {
    segmentor: {
      class: "DVIDSparkServices.reconutils.Segmentor",
      configuration: {
        "predict-voxels": {
          function: "DVIDSparkServices.reconutils.plugins.ilastik_predict_with_array",
          parameters: { ilp_path: "/x.ilp", LAZYFLOW_THREADS: 1, LAZYFLOW_TOTAL_RAM_MB: 1024 },
        },
        "create-supervoxels": {
          function: "DVIDSparkServices.reconutils.plugins.seeded_watershed",
          parameters: { boundary_channel: 0, seed_threshold: 0.01, minSegmentSize: 300, seed_size: 5 },
        },
        "agglomerate-supervoxels": {
          function: "DVIDSparkServices.reconutils.plugins.neuroproof_agglomerate",
          parameters: { classifier: { path: "/c.xml" }, threshold: 0.2, mitochannel: 2 },
        },
      },
    },
    "stitch-algorithm": "medium",
    "chunk-size": 512,
    "label-offset": 0,
    "iteration-size": 0,
    "checkpoint-dir": "/ck",
    checkpoint: "none",
    mutateseg: "auto",
    corespertask: 1,
    parallelwrites: 125,
    debug: false,
  },
};

const paperRead = {
  input: { source: "dvid://127.0.0.1:8000/abc/grayscale", voxelSizeNm: null },
  output: { destination: "dvid://127.0.0.1:8000/abc/segmentation" },
  roi: { kind: "dvid", source: "dvid://127.0.0.1:8000/abc/seven_column" },
};

test("the paper's file as it stands: everything lies on the DVID server", () => {
  const config = parse(paper);
  expect(config).toMatchObject({ ...paperRead, chunk: [512, 512, 512], runFolder: "/ck", checkpoint: "none" });
  expect(config.resolved["dvid-info"]).toBeUndefined();
  const { roi: _, ...withoutRoi } = paper["dvid-info"];
  expect(parse({ ...paper, "dvid-info": withoutRoi }).roi).toEqual({ kind: "whole" });
});

test("the same with the other names of the same things, in part or as a whole", () => {
  const { grayscale: _, ...rest } = paper["dvid-info"];
  const input = { source: "dvid://127.0.0.1:8000/abc/grayscale", "voxel-size-nm": [8, 8, 8] };
  expect(parse({ ...paper, input, "dvid-info": rest })).toMatchObject({ ...paperRead, input: { voxelSizeNm: [8, 8, 8] } });
  const named = {
    input: { source: paperRead.input.source },
    output: paperRead.output,
    roi: { dvid: paperRead.roi.source },
    options: paper.options,
  };
  expect(parse(named)).toEqual(parse(paper));
  expect(parse({ ...named, "dvid-info": paper["dvid-info"] })).toEqual(parse(paper));
});

test.each([
  ["emdata:8000", "abc", "seg ment", "dvid://emdata:8000/abc/seg%20ment"],
  ["http://emdata:8000/", "hemibrain:my-branch", "seg", "dvid://emdata:8000/hemibrain:my-branch/seg"],
  ["https://emdata.org", "abc", "a/b", "dvid://https://emdata.org/abc/a%2Fb"],
  ["[::1]:8000", "abc", "seg?x", "dvid://[::1]:8000/abc/seg%3Fx"],
])("server %s, version %s, instance %s", (server, uuid, name, expected) => {
  const dvid = { "dvid-server": server, uuid, "segmentation-name": name };
  expect(parse({ input: minimal.input, "dvid-info": dvid }).output.destination).toBe(expected);
});

test.each([
  [{ "dvid-server": "h:1", uuid: "a" }, ["dvid-info.grayscale", "dvid-info.segmentation-name"]],
  [{ grayscale: "g", "segmentation-name": "s" }, ["dvid-info.dvid-server", "dvid-info.uuid"]],
  [{ "dvid-server": "h:1", grayscale: "g", "segmentation-name": "s" }, ["dvid-info.uuid"]],
  [{ "dvid-server": "h:port", uuid: "a", grayscale: "g", "segmentation-name": "s" }, ["dvid-info.dvid-server"]],
  [{ "dvid-server": "h:1/api", uuid: "a", grayscale: "g", "segmentation-name": "s" }, ["dvid-info.dvid-server"]],
  [{ "dvid-server": 8000, uuid: "a", grayscale: "g", "segmentation-name": "s" }, ["dvid-info.dvid-server"]],
  [{ "dvid-server": "h:1", uuid: "a", grayscale: "", "segmentation-name": "s" }, ["dvid-info.grayscale"]],
  [{ "dvid-server": "h:1", uuid: "a", grayscale: "g", "segmentation-name": "g" }, ["output.destination"]],
])("dvid-info that lacks or mistakes something: %j", (dvid, paths) => {
  const { error, problems } = failure({ "dvid-info": dvid });
  expect(error.code).toBe("E_CONFIG_INVALID");
  expect(Object.keys(problems).sort()).toEqual(paths);
});

test.each([
  [
    { input: { source: "images://grey" } },
    "input.source",
    /"images:\/\/grey" contradicts dvid-info\.grayscale, which means "dvid:/,
  ],
  [
    { output: { destination: "dvid://127.0.0.1:8000/abcd/segmentation" } },
    "output.destination",
    /contradicts dvid-info\.segmentation-name/,
  ],
  [{ roi: { file: "roi.json" } }, "roi", /contradicts dvid-info\.roi/],
  [{ roi: { dvid: "dvid://127.0.0.1:8000/abc/other" } }, "roi", /contradicts dvid-info\.roi/],
])("dvid-info and another place that say different things: %j", (more, path, message) => {
  const { error, problems } = failure({ ...paper, ...more });
  expect(error.code).toBe("E_CONFIG_INVALID");
  expect(problems[path]).toMatch(message);
});

const preserving = (preserve: unknown) => withStep("preserve-bodies", preserve);
const PRESERVE = "options.segmentor.configuration.preserve-bodies";

test("preserved bodies on a DVID server", () => {
  const triple = { "dvid-server": "http://h:1", uuid: "abc:master", "segmentation-name": "seg" };
  const source = "dvid://h:1/abc:master/seg";
  expect(parse(preserving({ ...triple, bodies: [9, 7] })).preserveBodies).toEqual({ source, bodies: [7n, 9n] });
  expect(parse(preserving({ source, ...triple, bodies: [7] }))).toEqual(parse(preserving({ source, bodies: [7] })));
  expect(parse(preserving({ ...triple, from: "lists/proofread" })).preserveBodies).toEqual({
    source,
    bodies: { from: "lists/proofread" },
  });
  expect(parse(preserving({ ...triple, bodies: [] })).preserveBodies).toBeNull();
});

test.each([
  [{ "dvid-server": "h:1", "segmentation-name": "s", bodies: [1] }, `${PRESERVE}.uuid`, /is missing/],
  [{ "dvid-server": "h:1", uuid: "a", bodies: [1] }, `${PRESERVE}.segmentation-name`, /is missing/],
  [{ "dvid-server": "no host", uuid: "a", "segmentation-name": "s", bodies: [1] }, `${PRESERVE}.dvid-server`, /expected host:port/],
  [
    { source: "old", "dvid-server": "h:1", uuid: "a", "segmentation-name": "s", bodies: [1] },
    `${PRESERVE}.source`,
    /"old" contradicts preserve-bodies\.segmentation-name, which means "dvid:\/\/h:1\/a\/s"/,
  ],
  [{ source: "dvid://h:1/a/s", from: "lists/x", bodies: [1] }, `${PRESERVE}.from`, /contradicts bodies/],
  [{ source: "precomputed://s", from: "lists/x" }, `${PRESERVE}.from`, /names a key on the DVID server/],
  [{ source: "dvid://h:1/a/s", from: "lists" }, `${PRESERVE}.from`, /expected <keyvalue instance>\/<key>/],
  [{ from: "lists/x" }, `${PRESERVE}.source`, /is missing/],
])("preserved bodies that lack or mistake something: %j", (preserve, path, message) => {
  const { error, problems } = failure(preserving(preserve));
  expect(error.code).toBe("E_CONFIG_INVALID");
  expect(Object.keys(problems)).toContain(path);
  expect(problems[path]).toMatch(message);
});

test("the paper's file with input, output and built-ins", () => {
  const { configuration } = paper.options.segmentor;
  const config = parse({
    ...minimal,
    options: {
      ...paper.options,
      segmentor: { ...paper.options.segmentor, configuration: { "create-supervoxels": configuration["create-supervoxels"] } },
    },
  });
  expect(config.checkpoint).toBe("none");
  expect(config.runFolder).toBe("/ck");
  expect(config.segmentor.configuration["create-supervoxels"].parameters).toMatchObject({ minSegmentSize: 300 });
});

test("unknown keys carry their path and a suggestion", () => {
  const { error, problems } = failure({
    ...minimal,
    inptu: 1,
    border: 20,
    options: { chunksize: 64, segmentor: { configuration: { "predict-voxel": {}, "create-supervoxels": { params: {} } } } },
  });
  expect(error.code).toBe("E_CONFIG_INVALID");
  expect(problems["inptu"]).toBe("unknown key; did you mean input?");
  expect(problems["border"]).toBe("unknown key here; it belongs to options.border");
  expect(problems["options.chunksize"]).toBe("unknown key; did you mean chunk-size?");
  expect(problems["options.segmentor.configuration.predict-voxel"]).toBe("unknown key; did you mean predict-voxels?");
  expect(problems["options.segmentor.configuration.create-supervoxels.params"]).toMatch(/^unknown key; expected one of function, /);
});

test("parameters of built-ins are checked with everything else", () => {
  const { problems } = failure({
    input: {},
    output: { destination: "{{NO_DEFAULT}}" },
    options: {
      "chunk-size": 33,
      segmentor: { configuration: { "create-supervoxels": { parameters: { seed_treshold: 1 } } } },
    },
  });
  expect(problems["input.source"]).toMatch(/^is missing\. The grey volume/);
  expect(problems["output.destination"]).toBe("must be filled in");
  expect(problems["options.chunk-size"]).toBe("expected a multiple of 32, found 33");
  const key = "options.segmentor.configuration.create-supervoxels.parameters.seed_treshold";
  expect(problems[key]).toMatch(/unknown parameter; did you mean seed_threshold\?/);
  expect(Object.keys(problems)).toHaveLength(4);
});

test.each([
  [withOptions({ "chunk-size": [64, 64] }), "options.chunk-size", /multiple of 32, or \[x, y, z\] of such, found a list of 2/],
  [withOptions({ "chunk-size": 0 }), "options.chunk-size", /found 0/],
  [withOptions({ "chunk-size": "512" }), "options.chunk-size", /found "512"/],
  [withOptions({ border: -1 }), "options.border", /found -1/],
  [
    withOptions({ "stitch-algorithm": "strict" }),
    "options.stitch-algorithm",
    /expected one of none, conservative, medium, aggressive, either/,
  ],
  [withOptions({ "label-offset": -1 }), "options.label-offset", /integer from 0 to 2\^64 - 1/],
  [withOptions({ "label-offset": 2 ** 53 }), "options.label-offset", /in quotes/],
  [withOptions({ "label-offset": "18446744073709551616" }), "options.label-offset", /integer from 0 to/],
  [
    withOptions({ "stitch-parameters": { "overlap-ratio": 1.5 } }),
    "options.stitch-parameters.overlap-ratio",
    /at most 1, found 1.5/,
  ],
  [
    withStep("predict-voxels", { "subprocess-timeout": 5 }),
    "options.segmentor.configuration.predict-voxels.subprocess-timeout",
    /use-subprocess/,
  ],
  [
    withStep("predict-voxels", { function: "nope" }),
    "options.segmentor.configuration.predict-voxels.function",
    /there is no function nope/,
  ],
  [
    withStep("predict-voxels", { function: "seeded_watershed" }),
    "options.segmentor.configuration.predict-voxels.function",
    /create-supervoxels/,
  ],
  [withStep("preserve-bodies", { bodies: [3] }), "options.segmentor.configuration.preserve-bodies.source", /is missing/],
  [
    withStep("preserve-bodies", { source: "a", bodies: [3, "03"] }),
    "options.segmentor.configuration.preserve-bodies.bodies[1]",
    /twice/,
  ],
  [
    withStep("preserve-bodies", { source: "a", bodies: [0] }),
    "options.segmentor.configuration.preserve-bodies.bodies[0]",
    /from 1 to/,
  ],
  [
    withStep("preserve-bodies", { source: "a", bodies: ["0"] }),
    "options.segmentor.configuration.preserve-bodies.bodies[0]",
    /from 1 to/,
  ],
  [
    withStep("preserve-bodies", { source: "a", bodies: [2 ** 60] }),
    "options.segmentor.configuration.preserve-bodies.bodies[0]",
    /in quotes/,
  ],
  [{ ...minimal, output: { destination: "images:///data/lab/grey" } }, "output.destination", /another place than input\.source/],
  [{ ...minimal, roi: {} }, "roi", /one of file, box, dvid/],
  [{ ...minimal, roi: { file: "a", dvid: "dvid://h:1/a/r" } }, "roi", /one of file, box, dvid/],
  [{ ...minimal, roi: { dvid: "h:1/a/r" } }, "roi.dvid", /expected dvid:\/\/host:port/],
  [{ ...minimal, roi: { dvid: "dvid://h:1/a/r", "block-size": 32 } }, "roi.block-size", /whose own block size counts/],
  [{ ...minimal, roi: { box: [[0, 0, 0]] } }, "roi.box", /expected 2 entries, found a list of 1/],
  [
    {
      ...minimal,
      roi: {
        box: [
          [0, 0, 5],
          [9, 9, 5],
        ],
      },
    },
    "roi.box",
    /below its upper bound/,
  ],
  [
    { ...minimal, "dvid-info": { "partition-filter": "all" }, options: { "partition-filter": "interior-only" } },
    "options.partition-filter",
    /contradicts/,
  ],
])("invalid: %j", (raw, path, message) => {
  const { error, problems } = failure(raw);
  expect(Object.keys(problems)).toEqual([path]);
  expect(problems[path]).toMatch(message);
  expect(["E_CONFIG_INVALID", "E_PLUGIN_NOT_FOUND"]).toContain(error.code);
});

test.each([
  [withOptions({ "stitch-constraints": true }), "options.stitch-constraints"],
  [withOptions({ "resource-server": "driver" }), "options.resource-server"],
  [withOptions({ "worker-initialization": { "script-path": "a.sh" } }), "options.worker-initialization.script-path"],
  [withOptions({ "checkpoint-dir": "s3://bucket/run" }), "options.checkpoint-dir"],
])("not supported yet: %j", (raw, path) => {
  const { error, problems } = failure(raw);
  expect(error.code).toBe("E_CONFIG_UNSUPPORTED");
  expect(Object.keys(problems)).toEqual([path]);
});

test("partition keys may stand in dvid-info as in the original; an empty preserve-bodies is off in any form", () => {
  const config = parse({
    ...minimal,
    "dvid-info": { "partition-method": "ask-dvid", "partition-filter": "interior-only" },
    options: {
      segmentor: { configuration: { "preserve-bodies": { "dvid-server": "h", uuid: "u", "segmentation-name": "s", bodies: [] } } },
    },
  });
  expect([config.partitionMethod, config.partitionFilter, config.preserveBodies]).toEqual(["ask-dvid", "interior-only", null]);
});

test("mutateseg yes lets the destination be replaced", () => {
  expect(parse(withOptions({ mutateseg: "yes" })).replaceOutput).toBe(true);
});

test("64-bit ids survive in quotes, sorted", () => {
  const config = parse({
    ...minimal,
    options: {
      "label-offset": "9007199254740993",
      segmentor: { configuration: { "preserve-bodies": { source: "a", bodies: ["18446744073709551615", 2 ** 53 - 1, "17"] } } },
    },
  });
  expect(config.labelOffset).toBe(9007199254740993n);
  expect(config.preserveBodies?.bodies).toEqual([17n, 9007199254740991n, 18446744073709551615n]);
});

test("a user's own segmentor has keys of its own; the built-in has not", () => {
  const own = (name: string) =>
    withOptions({ segmentor: { class: name, configuration: { segpath: "x", "predict-voxels": { function: "any" } } } });
  const config = parse(own("./own.mjs:Own"));
  expect(config.segmentor.configuration["segpath"]).toBe("x");
  expect(config.segmentor.configuration["predict-voxels"].function).toBe("any");
  expect(Object.keys(failure(own("DefaultGrayOnly")).problems)).toContain("options.segmentor.configuration.segpath");
});

test("the resolved form is plain JSON and means the same, wherever it is read", () => {
  const config = parse({
    ...minimal,
    "dvid-info": { "partition-method": "ask-dvid" },
    roi: { file: "roi.json", "block-size": 64 },
    options: {
      "label-offset": "9007199254740993",
      segmentor: {
        class: "own.mjs:Own",
        configuration: { extra: [1], "preserve-bodies": { source: "a", bodies: ["18446744073709551615"] } },
      },
    },
  });
  const again = parseConfig(JSON.parse(JSON.stringify(config.resolved)), { baseFolder: "/elsewhere" });
  expect(again).toEqual(config);
});

test("the resolved form of names on a DVID server", () => {
  const config = parse({
    ...paper,
    options: {
      ...paper.options,
      segmentor: {
        configuration: {
          "preserve-bodies": { "dvid-server": "h:1", uuid: "a", "segmentation-name": "s", from: "lists/proofread" },
        },
      },
    },
  });
  expect(parseConfig(JSON.parse(JSON.stringify(config.resolved)), { baseFolder: "/elsewhere" })).toEqual(config);
});

test.each([null, 5, "text", [minimal], true])("a configuration of another type: %j", (raw) => {
  const { error } = failure(raw);
  expect(error.code).toBe("E_CONFIG_INVALID");
  expect(error.message).toMatch(/^configuration: expected an object/);
});

test("deep and cyclic values end with a typed error", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(failure({ ...minimal, roi: deep }).error.message).toMatch(/nested more than/);
  const cycle: Record<string, unknown> = {};
  cycle["parameters"] = [cycle, cycle];
  expect(failure(withStep("predict-voxels", cycle)).error.message).toMatch(/contains itself/);
});

test.each([
  [new Map(), /a plain value, found a Map/],
  [5n, /found a bigint/],
  [Number.NaN, /a finite number, found NaN/],
])("no plain value: %s", (value, message) => {
  const key = "options.segmentor.configuration.predict-voxels.parameters.x";
  const { problems } = failure(withStep("predict-voxels", { function: "./a.mjs:f", parameters: { x: value } }));
  expect(problems).toEqual({ [key]: expect.stringMatching(message) });
});

test("any JSON value gives a configuration or a typed error", () => {
  const keys = [
    ...[
      "input",
      "output",
      "roi",
      "options",
      "dvid-info",
      "source",
      "destination",
      "segmentor",
      "configuration",
      "chunk-size",
      "box",
    ],
    ...[
      "border",
      "label-offset",
      "predict-voxels",
      "parameters",
      "function",
      "preserve-bodies",
      "bodies",
      "class",
      "__proto__",
      "toString",
    ],
  ];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.jsonValue(),
      fc.constantFrom(0, -1, 1e300, 2 ** 60, "", "{{NO_DEFAULT}}", "./a.mjs:b", "x://", "\0", null, "18446744073709551616"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("any"), { maxKeys: 5 }),
    ),
  })).any;
  const nearlyValid = fc.record({ options: value, roi: value, segmentation: value }).map((part) => ({ ...minimal, ...part }));
  fc.assert(
    fc.property(fc.oneof(value, nearlyValid), (raw) => {
      try {
        const config = parse(raw);
        expect(config.resolved).toBeTypeOf("object");
      } catch (error) {
        if (!isAxonloomError(error)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});
