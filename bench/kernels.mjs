/**
 * Kernels on real data, ours and peers' in turns: one process an operation and program, call by call, so that what else the machine does
 * hits both. Speed = voxels / CPU time (user + system, all threads) of a call; the first call warms up and does not count.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { makeInputs } from "./inputs.mjs";
import { OPERATIONS } from "./operations.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const LEAST_CALLS = 3;

/** Emits one record a program and operation; of operations that start with one of `prefixes`. `seconds`: CPU time for the counted calls of one program. */
export async function benchKernels({ folder, only, prefixes, peers, seconds, calls, emit }) {
  const chosen = OPERATIONS.filter(({ op }) => op.includes(only) && prefixes.some((prefix) => op.startsWith(prefix)));
  await makeInputs(folder, new Set(chosen.flatMap(({ inputs }) => inputs)));
  const known = peers === null ? {} : await listPeers(peers);
  for (const { op, inputs } of chosen) {
    const names = known[op] ?? [];
    const own = { first: null, cpu: [], wall: [], error: null };
    const others = [];
    for (const name of names.length === 0 ? [null] : names) {
      const ours = start(process.execPath, ["--expose-gc", file("worker.mjs"), folder, op]);
      const theirs = name === null ? null : start(peers, [file("peers.py"), folder, op, name, inputs.join(",")]);
      const [mine, other] = await inTurns([ours, theirs], seconds, calls);
      own.first ??= mine.first;
      own.error ??= mine.error;
      own.cpu.push(...mine.cpu);
      own.wall.push(...mine.wall);
      if (other !== null) others.push({ ...recordOf(op, name, other), ...ratio(mine, other) });
    }
    emit(recordOf(op, "axonloom", own));
    others.forEach(emit);
  }
}

/** Runs the programs alternately; each ends when it has used its time or calls. */
async function inTurns(programs, seconds, calls) {
  const samples = programs.map((program) => (program === null ? null : { first: null, cpu: [], wall: [], error: null }));
  const wants = (s) =>
    s !== null &&
    s.error === null &&
    s.cpu.length < calls &&
    (s.cpu.length < LEAST_CALLS || s.cpu.reduce((a, b) => a + b, 0) < seconds);
  while (samples.some(wants)) {
    for (const [index, s] of samples.entries()) {
      if (!wants(s)) continue;
      const answer = await programs[index].call();
      if (answer.error !== undefined) s.error = answer.error;
      else if (s.first === null) s.first = answer;
      else {
        s.cpu.push(answer.cpu_s);
        s.wall.push(answer.wall_s);
      }
    }
  }
  for (const program of programs) await program?.end();
  return samples;
}

/** A program that makes one call for each line that it gets. */
function start(command, parameters) {
  const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...ONE_THREAD } });
  let trouble = "";
  child.stderr.on("data", (text) => {
    trouble = (trouble + text).slice(-2000);
  });
  child.stdin.on("error", () => {}); // the child has ended: told by the end of its output
  const closed = once(child, "close");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call() {
      child.stdin.write("\n");
      const { value, done } = await answers.next();
      if (!done) return JSON.parse(value);
      await closed;
      return { error: trouble.trim().split("\n").at(-1) || `ended with ${child.exitCode ?? child.signalCode}` };
    },
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}

const ONE_THREAD = Object.fromEntries(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"].map((name) => [name, "1"]));

async function listPeers(python) {
  const child = spawn(python, [file("peers.py"), "--list"], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (part) => {
    text += part;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${python} bench/peers.py --list ended with ${code}`);
  return JSON.parse(text);
}

function recordOf(op, program, { first, cpu, wall, error }) {
  if (error !== null) return { kind: "kernel", op, program, error };
  const speed = (s) => first.voxels / s / 1e6;
  return {
    kind: "kernel",
    op,
    program,
    voxels: first.voxels,
    mvox_per_s: speed(Math.min(...cpu)),
    mvox_per_s_median: speed(median(cpu)),
    mvox_per_s_wall: speed(Math.min(...wall)),
    calls: cpu.length,
    peak_bytes: first.peak_bytes,
    ...first.check,
  };
}

/** How many times faster ours is, and whether both found the same. */
function ratio(mine, other) {
  if (mine.error !== null || other.error !== null) return {};
  const differs = Object.keys(other.first.check).filter((key) => {
    const [a, b] = [mine.first.check[key], other.first.check[key]];
    return Math.abs(a - b) > 1e-4 * Math.max(Math.abs(a), Math.abs(b));
  });
  return {
    ours_times_faster: Math.min(...other.cpu) / Math.min(...mine.cpu),
    ours_times_faster_median: median(other.cpu) / median(mine.cpu),
    ...(differs.length > 0 ? { differs: Object.fromEntries(differs.map((key) => [key, mine.first.check[key]])) } : {}),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
