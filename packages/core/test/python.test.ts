/**
 * Steps in Python, with a real interpreter that has NumPy: AXONLOOM_PYTHON, else `python3`. Absent, these tests skip, visibly. Arrays
 * arrive whole and come back whole, and every bad way that a function can end ends that attempt only.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSegmentor, defaultSteps, loadConfig, type SegmentInput, type StepConfig, type StepName } from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const python = process.env["AXONLOOM_PYTHON"] ?? "python3";
const required = /\bpython\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");
const has = (module: string) => spawnSync(python, ["-c", `import ${module}`]).status === 0;
const available = required || has("numpy");

/** The example of the paper's appendix A.1, with the import that it lacks, and functions that end badly. */
const PLUGINS = `
import numpy, os, sys, time

def predict_via_threshold(grayscale_vol, mask_vol, threshold):
    return (grayscale_vol < threshold).astype(numpy.float32)

def channels(gray, mask, **parameters):
    assert gray.dtype == numpy.uint8 and gray.shape == (2, 3, 8)
    assert mask.dtype == bool and not mask[0, 0, 0] and mask.sum() == 47
    gray[:] = 0  # a copy of its own
    return numpy.stack([numpy.full(gray.shape, parameters["value"]), numpy.zeros(gray.shape)], axis=-1)

def old_agglomerate(predictions, supervoxels, lift):
    assert predictions.shape == (2, 3, 8, 1) and supervoxels.dtype == numpy.uint32
    return numpy.where(supervoxels > 0, lift, 0)

def new_agglomerate(gray, predictions, supervoxels, lift=1):
    assert gray.dtype == numpy.uint8 and predictions.ndim == 4
    return numpy.where(supervoxels > 0, lift, 0).astype(numpy.int64)

def background(gray, darker):
    return gray >= darker

def nothing(gray):
    return None

def raises(gray, mask): raise ValueError("far out")
def quits(gray, mask): sys.exit(3)
def dies(gray, mask): os._exit(4)
def hangs(gray, mask):
    while True: pass
def eats(gray, mask):
    kept = []
    while True:
        kept.append(numpy.ones(4000000))
        time.sleep(0.01)
kept = []
def leaks(gray, mask):
    kept.append(numpy.ones(15000000))
    return numpy.zeros(gray.shape, "float32")
def prints(gray, mask):
    print("to stdout"); print("to stderr", file=sys.stderr)
    os.write(1, b"by the system, without an end")
    return numpy.zeros(gray.shape, "float32")
def floods(gray, mask):
    for i in range(100000): print("line", i, "x" * 100)
    return numpy.zeros(gray.shape, "float32")
def wrong_shape(gray, mask): return numpy.zeros((3, 3))
def wrong_type(gray, mask): return numpy.zeros(gray.shape, dtype=complex)
def wrong_kind(gray, mask): return [1, 2, 3]
def not_a_number(gray, mask): return numpy.full(gray.shape, numpy.nan)
def children(gray, mask):
    import subprocess
    subprocess.Popen(["sleep", "1234.5"])
    return numpy.zeros(gray.shape, "float32")
def dies_with_child(gray, mask):
    import subprocess
    subprocess.Popen(["sleep", "4321.5"])
    os._exit(4)
def few(gray): return gray
`;

const shape = [2, 3, 8] as const;
const gray = Uint8Array.from({ length: 48 }, (_, i) => (i % 8 === 4 ? 20 : 220));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-python-test-"));
  writeFileSync(join(folder, "lab.py"), PLUGINS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Options {
  readonly step?: StepName;
  readonly parameters?: Record<string, unknown>;
  readonly timeout?: number;
  readonly memory?: number;
  readonly signal?: AbortSignal;
}

function stepOf(name: string, { parameters = {}, timeout = 60, memory = 0 }: Options = {}): StepConfig {
  return {
    function: `lab.${name}`,
    parameters,
    language: "python",
    "python-path": [folder],
    python,
    "use-subprocess": false,
    "subprocess-timeout": timeout,
    "subprocess-memory": memory,
  };
}

async function run(name: string, options: Options = {}) {
  const lines: string[] = [];
  const log = (level: string) => (message: string) => lines.push(`${level} ${message}`);
  const segmentor = await createSegmentor({
    class: "Segmentor",
    configuration: { ...defaultSteps(), [options.step ?? "predict-voxels"]: stepOf(name, options) },
  });
  const inside = new Uint8Array(48).fill(1);
  inside[0] = 0;
  const input: SegmentInput = {
    subvolume: 5,
    bordered: { start: [0, 0, 0], stop: shape },
    core: { start: [0, 0, 0], stop: shape },
    voxelSizeNm: [40, 8, 8],
    gray: { data: gray.slice(), shape },
    inside,
    preserved: null,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    signal: options.signal ?? new AbortController().signal,
    predictionCache: null,
  };
  const started = performance.now();
  const outcome = await segmentor.segment(input).then(
    (labels) => ({ labels, error: undefined }),
    (error) => ({ labels: undefined, error }),
  );
  return { ...outcome, lines, seconds: (performance.now() - started) / 1000 };
}

const SPLIT = Uint32Array.from({ length: 48 }, (_, i) => (i === 0 ? 0 : i % 8 <= 4 ? 1 : 2));
const WHOLE = Uint32Array.from({ length: 48 }, (_, i) => (i === 0 ? 0 : 1));

describe.skipIf(!available)("Python steps", () => {
  test("the paper's example: a result of three axes is one channel", async () => {
    const { labels, error } = await run("predict_via_threshold", { parameters: { threshold: 90 } });
    expect(error).toBeUndefined();
    expect(labels).toEqual(SPLIT);
  });

  test("arrays arrive as they are, and several channels come back", async () => {
    const { labels, error } = await run("channels", { parameters: { value: 0.1 } });
    expect(error).toBeUndefined();
    expect(labels).toEqual(WHOLE);
  });

  test.each(["old_agglomerate", "new_agglomerate"])("an agglomerator, told by its signature: %s", async (name) => {
    const { labels, error } = await run(name, { step: "agglomerate-supervoxels", parameters: { lift: 7 } });
    expect(error).toBeUndefined();
    expect(labels).toEqual(WHOLE);
  });

  test("a mask, or none", async () => {
    const masked = await run("background", { step: "background-mask", parameters: { darker: 100 } });
    expect(masked.labels).toEqual(SPLIT.map((label, i) => (i % 8 === 4 ? 0 : label)));
    const { labels } = await run("nothing", { step: "background-mask" });
    expect(labels).toEqual(
      (await run("predict_via_threshold", { parameters: { threshold: 0 } })).labels?.length === 48 ? labels : null,
    );
  });

  test("what it prints goes to the log of its subvolume, megabytes are cut", async () => {
    const { lines } = await run("prints");
    const said = lines.filter((line) => line.includes("lab.prints")).map((line) => line.split("): ")[1]);
    expect(said.sort()).toEqual(["by the system, without an end", "to stderr", "to stdout"]);
    const flooded = await run("floods");
    expect(flooded.error).toBeUndefined();
    expect(flooded.lines.filter((line) => line.includes("lab.floods"))).toHaveLength(1001);
    expect((await run("prints")).lines.filter((line) => line.includes("lab."))).toHaveLength(3);
  });

  test.each([
    ["raises", "E_PLUGIN_FAILED", /subvolume 5 .*ValueError: far out \(lab\.py:\d+\)/],
    ["quits", "E_PLUGIN_FAILED", /exit\(3\) was called \(lab\.py:\d+\)/],
    ["dies", "E_PLUGIN_CRASHED", /exit code 4/],
    ["wrong_shape", "E_PLUGIN_RESULT", /expected the shape \(2, 3, 8\).*found \(3, 3\)/],
    ["wrong_type", "E_PLUGIN_RESULT", /found complex128/],
    ["wrong_kind", "E_PLUGIN_RESULT", /expected a numpy\.ndarray, found list/],
    ["not_a_number", "E_PLUGIN_RESULT", /found NaN/],
    ["few", "E_PLUGIN_FAILED", /is called as few\(gray, mask\), but is few\(gray\)/],
  ])("%s ends that attempt with %s, and the next one works", async (name, code, message) => {
    const { error } = await run(name);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await run("predict_via_threshold", { parameters: { threshold: 90 } })).labels).toEqual(SPLIT);
  });

  test("time and memory have limits", async () => {
    const hung = await run("hangs", { timeout: 1 });
    expect(hung.error).toMatchObject({ code: "E_PLUGIN_TIMEOUT" });
    expect(hung.seconds).toBeLessThan(20);
    expect((await run("eats", { memory: 600e6 })).error).toMatchObject({ code: "E_PLUGIN_MEMORY" });
    const leaking = [];
    for (let i = 0; i < 8; i++) leaking.push((await run("leaks", { memory: 600e6 })).error?.code ?? "fine");
    expect(new Set(leaking)).toEqual(new Set(["fine", "E_PLUGIN_MEMORY"]));
    expect((await run("predict_via_threshold", { parameters: { threshold: 90 } })).labels).toEqual(SPLIT);
  });

  test("an abort ends it at once", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("stop")), 500);
    expect((await run("hangs", { signal: abort.signal })).error).toMatchObject({ message: "stop" });
  });

  test("processes that it starts go with it, and so does it with its parent", async () => {
    const script = `
      import { createSegmentor, defaultSteps } from "@axonloom/core";
      const step = ${JSON.stringify(stepOf("children"))};
      const segmentor = await createSegmentor({ class: "Segmentor", configuration: { ...defaultSteps(), "predict-voxels": step } });
      const shape = [2, 3, 8], box = { start: [0, 0, 0], stop: shape };
      const quiet = () => {};
      await segmentor.segment({ subvolume: 0, bordered: box, core: box, voxelSizeNm: [1, 1, 1], gray: { data: new Uint8Array(48), shape }, inside: null,
        preserved: null, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet }, signal: new AbortController().signal, predictionCache: null });
      console.log("done");
    `;
    // The process ends by itself although Python still waits for requests.
    const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: import.meta.dirname,
      timeout: 60_000,
    });
    expect(out.toString()).toBe("done\n");
    expect((await run("dies_with_child")).error).toMatchObject({ code: "E_PLUGIN_CRASHED" });
    const children = () => spawnSync("pgrep", ["-f", "^sleep (1234|4321).5"]).stdout.toString();
    for (let i = 0; i < 50 && children() !== ""; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(children()).toBe("");
    for (const base of [tmpdir(), "/dev/shm"].filter(existsSync)) {
      expect(readdirSync(base).filter((name) => name.startsWith(`axonloom-step-${process.pid}-`))).toEqual([]);
    }
  });

  const load = async (step: object) => {
    const path = join(folder, "config.json");
    writeFileSync(join(folder, "gray.npy"), npy(shape, gray));
    const config = {
      input: { source: "gray.npy" },
      output: { destination: "precomputed://out" },
      options: { "chunk-size": 32, segmentor: { configuration: { "predict-voxels": step } } },
    };
    writeFileSync(path, JSON.stringify(config));
    return await loadConfig(path);
  };

  test.each([
    ["a module that is not there", { function: "nowhere.f" }, /there is no module nowhere; looked in .*python-path/],
    ["a function that is not there", { function: "lab.predict" }, /no function predict; it has .*predict_via_threshold/],
    ["no module", { function: "predict" }, /expected module\.function/],
    ["no interpreter", { python: "/nowhere/python" }, /\/nowhere\/python cannot be started/],
    ["a wrong parameter", { parameters: { treshold: 1 } }, /predict_via_threshold\(.*treshold/],
    ["a package that the module needs", { function: "needs.f" }, /needs the module no_such_package.*needs\.py:2/],
    ["no NumPy", { function: "own.f", "python-path": ["bare"], parameters: {} }, /NumPy cannot be imported by .*pip install numpy/],
  ])("%s is found before a run", async (_, change, message) => {
    writeFileSync(join(folder, "needs.py"), "import numpy\nimport no_such_package\ndef f(gray, mask): return gray\n");
    mkdirSync(join(folder, "bare"), { recursive: true });
    writeFileSync(join(folder, "bare", "numpy.py"), "raise ImportError('not here')\n");
    writeFileSync(join(folder, "bare", "own.py"), "def f(gray, mask): return gray\n");
    const step = { ...stepOf("predict_via_threshold", { parameters: { threshold: 90 } }), ...change };
    await expect(load(step)).rejects.toThrow(message);
  });

  test("a configuration names it in each of the three ways, relative to its folder", async () => {
    for (const form of [
      { function: "./lab.py:predict_via_threshold" },
      { function: "lab.predict_via_threshold", language: "python" },
      { function: "lab.predict_via_threshold", "python-path": ["."] },
    ]) {
      const step = { ...form, python, parameters: { threshold: 90 }, "subprocess-timeout": 60 };
      expect((await load(step)).segmentor.configuration["predict-voxels"]).toMatchObject({ language: "python" });
      await expect(load({ ...step, parameters: {} })).rejects.toThrow(
        /predict-voxels\.function.*missing a required argument: 'threshold'/,
      );
    }
  });
});

/** A NumPy file of format 1.0. */
function npy(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")}), }\n`.padStart(118);
  const bytes = Buffer.concat([Buffer.from("\x93NUMPY\x01\0", "latin1"), Buffer.alloc(2), Buffer.from(header), data]);
  bytes.writeUInt16LE(header.length, 8);
  return bytes;
}
