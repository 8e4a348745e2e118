/** Isolated steps end their attempt in every bad way that a plug-in can end, and never this process. */
import { execFileSync, fork } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { createSegmentor, defaultSteps, type SegmentInput, type StepConfig, type StepName, setIsolatedHost } from "@axonloom/core";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";

const hasMemoryDisk = existsSync("/dev/shm");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-isolation-"));
  await writeFile(join(folder, "bad.mjs"), PLUGINS);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => expect(transferFolders(process.pid), "files left behind").toEqual([]));

const PLUGINS = `
  import { mkdirSync, readdirSync, writeSync } from "node:fs";
  import { tmpdir } from "node:os";
  import { join } from "node:path";
  const zeros = ({ gray, shape }) => ({ data: new Uint8Array(gray.length), shape: [...shape, 1] });
  export const throws = () => { throw new RangeError("far out"); };
  export const rejects = async () => { await null; throw new RangeError("far out"); };
  export const throwsLater = (input) => { setTimeout(() => { throw new RangeError("far out, later"); }, 20); return new Promise(() => {}); };
  export const exits = () => process.exit(0);
  export const killed = () => process.kill(process.pid, "SIGSEGV");
  export const aborts = () => process.abort();
  export const loops = () => { for (;;); };
  export const loopsDeaf = () => { process.on("SIGTERM", () => {}); for (;;); };
  export const waits = () => new Promise(() => setInterval(() => {}, 1000));
  export const eats = async () => { const kept = []; for (;;) { kept.push(new Uint8Array(16e6).fill(1)); await new Promise((done) => setTimeout(done, 5)); } };
  export const eatsHeap = () => { const kept = []; for (;;) kept.push({ a: [1, 2, 3, kept.length] }); };
  export const nonsense = () => ({ data: [1, 2, 3], shape: "wide" });
  export const rubbish = (input) => { writeSync(1, Buffer.from(Array.from({ length: 100000 }, (_, i) => i * 7 % 256))); process.send({ tag: "mine" }); process.send("axonloom-step"); return zeros(input); };
  export const talks = (input) => {
    console.log("to stdout"); console.error("to stderr"); input.logger.warn("to the logger");
    return zeros(input);
  };
  export const floods = (input) => { for (let i = 0; i < 20000; i++) { console.log("line " + i); input.logger.info("said " + i); } return zeros(input); };
  const block = (...bases) => {
    for (const base of bases) {
      for (const name of readdirSync(base)) if (name.startsWith("axonloom-step-" + process.ppid + "-")) mkdirSync(join(base, name, "result"));
    }
  };
  export const blocksMemoryDisk = (input) => { block("/dev/shm"); return zeros(input); };
  export const blocksAll = (input) => { block("/dev/shm", tmpdir()); return zeros(input); };
  export const leavesTimers = (input) => { setInterval(() => {}, 1000); return zeros(input); };
  export const predict = ({ gray, shape, mask, inside, parameters, subvolume, bordered, voxelSizeNm }) => {
    if (subvolume !== 5 || bordered.stop[2] !== 8 || voxelSizeNm[0] !== 40 || mask[0] !== 0 || inside[0] !== 0) throw new Error("wrong arguments");
    return { data: Float32Array.from(gray, (g) => g < parameters.threshold ? 1 : 0), shape: [...shape, 1] };
  };
`;

const shape = [2, 3, 8] as const;
const gray = Uint8Array.from({ length: 48 }, (_, i) => (i % 8 === 4 ? 20 : 220));

interface Options {
  readonly timeout?: number;
  readonly memory?: number;
  readonly signal?: AbortSignal;
  readonly step?: StepName;
}

function isolated(name: string, { timeout = 20, memory = 0 }: Options = {}): StepConfig {
  return {
    function: name.includes("_") ? name : `${folder}/bad.mjs:${name}`,
    parameters: name === "predict" ? { threshold: 90 } : {},
    "use-subprocess": true,
    "subprocess-timeout": timeout,
    "subprocess-memory": memory,
  };
}

async function run(name: string, options: Options = {}) {
  const lines: string[] = [];
  const log = (level: string) => (message: string) => lines.push(`${level} ${message}`);
  const step = options.step ?? "predict-voxels";
  const segmentor = await createSegmentor({
    class: "Segmentor",
    configuration: { ...defaultSteps(), [step]: isolated(name, options) },
  });
  const inside = new Uint8Array(48).fill(1);
  inside[0] = 0;
  const input: SegmentInput = {
    subvolume: 5,
    bordered: { start: [0, 0, 0], stop: shape },
    core: { start: [0, 0, 0], stop: shape },
    voxelSizeNm: [40, 8, 8],
    gray: { data: gray, shape },
    inside,
    preserved: null,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    signal: options.signal ?? new AbortController().signal,
    predictionCache: null,
  };
  const started = performance.now();
  const error = await segmentor.segment(input).then(
    (labels) => ({ labels }),
    (thrown) => thrown,
  );
  return { error, labels: error.labels as Uint32Array | undefined, lines, seconds: (performance.now() - started) / 1000 };
}

function transferFolders(pid: number): string[] {
  return [tmpdir(), "/dev/shm"].flatMap((base) => {
    try {
      return readdirSync(base).filter((name) => name.startsWith(`axonloom-step-${pid}-`));
    } catch {
      return [];
    }
  });
}

const expected = Uint32Array.from({ length: 48 }, (_, i) => (i === 0 ? 0 : i % 8 <= 4 ? 1 : 2));

test("a step gives the same result isolated, a user's and a built-in", async () => {
  expect((await run("predict")).labels).toEqual(expected);
  expect((await run("naive_membrane_predictions")).labels).toEqual(expected);
  expect((await run("seeded_watershed", { step: "create-supervoxels" })).labels).toEqual(expected);
  expect((await run("find_large_empty_regions", { step: "background-mask" })).labels).toEqual(expected);
  expect((await run("mean_agglomerate", { step: "agglomerate-supervoxels" })).labels).toEqual(expected);
});

test.each<[string, string, RegExp]>([
  ["throws", "E_PLUGIN_FAILED", /threw RangeError: far out$/],
  ["rejects", "E_PLUGIN_FAILED", /threw RangeError: far out$/],
  ["throwsLater", "E_PLUGIN_FAILED", /threw RangeError: far out, later$/],
  ["exits", "E_PLUGIN_CRASHED", /its process ended with exit code 0 before it answered/],
  ["killed", "E_PLUGIN_CRASHED", /its process ended by signal SIGSEGV/],
  ["aborts", "E_PLUGIN_CRASHED", /its process ended by signal SIGABRT/],
  ["nonsense", "E_PLUGIN_RESULT", /expected \{ data: Float32Array/],
  ["missing", "E_PLUGIN_NOT_FOUND", /no function named missing/],
])("%s: %s", async (name, code, message) => {
  const { error } = await run(name);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  if (code !== "E_PLUGIN_NOT_FOUND") expect(error.message).toContain("bad.mjs");
  if (code === "E_PLUGIN_FAILED") expect(error.fields.stack).toMatch(/RangeError: far out.*\n.*bad\.mjs/);
  if (code === "E_PLUGIN_CRASHED") expect(error.message).toContain("subvolume 5 (x 0..8, y 0..3, z 0..2)");
});

test.each(["loops", "loopsDeaf", "waits"])("%s is ended after subprocess-timeout", async (name) => {
  const { error, seconds } = await run(name, { timeout: 1 });
  expect(error.code).toBe("E_PLUGIN_TIMEOUT");
  expect(error.message).toMatch(/ran longer than its subprocess-timeout of 1 s/);
  expect(seconds).toBeGreaterThan(1);
  expect(seconds).toBeLessThan(6);
});

test("typed arrays beyond subprocess-memory end it", async () => {
  const { error } = await run("eats", { memory: 400e6 });
  expect(error.code).toBe("E_PLUGIN_MEMORY");
  expect(error.message).toMatch(/more than its subprocess-memory of 400000000/);
  expect(error.fields.found).toBeLessThan(1.5e9);
});

test("a full JavaScript heap is out of memory too", async () => {
  process.env.NODE_OPTIONS = "--max-old-space-size=60";
  try {
    const { error } = await run("eatsHeap", { timeout: 60 });
    expect(error.code).toBe("E_PLUGIN_MEMORY");
  } finally {
    delete process.env.NODE_OPTIONS;
  }
});

test("what it prints and logs arrives in the log, bounded, and rubbish does no harm", async () => {
  const { lines } = await run("talks");
  expect(lines.some((line) => /^info .*bad\.mjs:talks\): to stdout$/.test(line))).toBe(true);
  expect(lines.some((line) => /^warn .*: to stderr$/.test(line))).toBe(true);
  expect(lines.some((line) => /^warn .*: to the logger$/.test(line))).toBe(true);
  const flood = await run("floods");
  expect(flood.labels).toBeDefined();
  expect(flood.lines.length).toBeLessThan(2100);
  expect((await run("rubbish")).labels).toBeDefined();
});

test.skipIf(!hasMemoryDisk)("a result that does not fit on the memory disk goes through the temporary folder", async () => {
  const { labels, lines } = await run("blocksMemoryDisk");
  expect(labels).toBeDefined();
  const warning = lines.filter((line) => line.startsWith("warn ") && line.includes("could not pass through /dev/shm (EEXIST"));
  expect(warning).toHaveLength(1);
});

test.skipIf(!hasMemoryDisk)("where no folder takes it, the attempt fails, and says which", async () => {
  const { error } = await run("blocksAll");
  expect(error.code).toBe("E_PLUGIN_FAILED"); // contained: the subvolume is tried again, then left out
  expect(error.message).toContain(
    "bad.mjs:blocksAll), subvolume 5 (x 0..8, y 0..3, z 0..2): its arrays could not pass through /dev/shm (EEXIST",
  );
  expect(error.message).toContain(`, nor through ${tmpdir()} (EEXIST`);
  expect(error.message).toMatch(/; free some space there$/);
});

test("a bundle brings its own host, which is the watchdog's program too", async () => {
  const inside = new URL("../dist/segment/isolated-", import.meta.url).href;
  const host = join(folder, "my-host.mjs");
  await writeFile(
    host,
    `import { isMainThread, workerData } from "node:worker_threads";
     console.log("mine", isMainThread ? "process" : "thread");
     if (isMainThread) await (await import("${inside}step.js")).runTask(new URL(import.meta.url));
     else (await import("${inside}watchdog.js")).watchParent(workerData);`,
  );
  setIsolatedHost(host);
  onTestFinished(() => setIsolatedHost(fileURLToPath(`${inside}host.js`)));
  const { labels, lines } = await run("predict");
  expect(labels).toEqual(expected);
  expect(
    lines
      .filter((line) => line.includes(": mine "))
      .map((line) => line.split(" ").at(-1))
      .sort(),
  ).toEqual(["process", "thread"]);
});

test("timers that a plug-in leaves behind do not keep it", async () => {
  const { labels, seconds } = await run("leavesTimers");
  expect(labels).toBeDefined();
  expect(seconds).toBeLessThan(5);
});

test("an abort ends it at once", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 500);
  const { error, seconds } = await run("loops", { timeout: 60, signal: controller.signal });
  expect(error.message).toBe("enough");
  expect(seconds).toBeLessThan(5);
});

/** Code that runs the plug-in `endless.mjs:f` isolated and hands its process id to `tell`. */
async function endlessRun(tell: string): Promise<string> {
  const core = new URL("../dist/index.js", import.meta.url).href;
  await writeFile(
    join(folder, "endless.mjs"),
    `export async function f({ logger }) {
       logger.warn(String(process.pid));
       await new Promise((done) => setTimeout(done, 100));
       for (;;);
     }`,
  );
  return `import { createSegmentor, defaultSteps } from ${JSON.stringify(core)};
     const box = { start: [0, 0, 0], stop: [1, 1, 1] };
     const logger = { debug() {}, info() {}, error() {}, warn: (text) => ${tell}(text) };
     const step = { function: ${JSON.stringify(join(folder, "endless.mjs:f"))}, parameters: {}, "use-subprocess": true, "subprocess-timeout": 0, "subprocess-memory": 0 };
     const segmentor = await createSegmentor({ class: "Segmentor", configuration: { ...defaultSteps(), "predict-voxels": step } });
     await segmentor.segment({ subvolume: 0, bordered: box, core: box, voxelSizeNm: [1, 1, 1], gray: { data: new Uint8Array(1), shape: [1, 1, 1] },
       inside: null, preserved: null, logger, signal: new AbortController().signal, predictionCache: null });`;
}

async function pidFrom(parent: EventEmitter): Promise<number> {
  const [text] = (await Promise.race([once(parent, "message"), once(parent, "exit")])) as [string];
  const pid = Number(/(\d+)$/.exec(text)![1]);
  await new Promise((done) => setTimeout(done, 300));
  expect(isAlive(pid)).toBe(true);
  return pid;
}

async function expectEnd(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
  expect(isAlive(pid)).toBe(false);
}

test("it dies with its parent, even in an endless loop, and leaves no files", async () => {
  const program = join(folder, "parent.mjs");
  await writeFile(program, await endlessRun("process.send"));
  const parent = fork(program, { execArgv: [] });
  const pid = await pidFrom(parent);
  parent.kill("SIGKILL");
  await expectEnd(pid);
  expect(transferFolders(parent.pid!)).toEqual([]);
});

test("it dies with the worker thread that started it", async () => {
  const program = join(folder, "thread.mjs");
  await writeFile(program, `import { parentPort } from "node:worker_threads"; ${await endlessRun("parentPort.postMessage")}`);
  const worker = new Worker(program);
  worker.on("error", () => {});
  const pid = await pidFrom(worker);
  await worker.terminate();
  await expectEnd(pid);
});

function isAlive(pid: number): boolean {
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}
