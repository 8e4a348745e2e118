/**
 * One operation in its own process: `worker.mjs INPUTS OPERATION`. Answers each line on standard input with one call, as a line of JSON:
 * { cpu_s, wall_s }, the first time also { peak_bytes, check, voxels }. peers.py speaks the same.
 */
import { createInterface } from "node:readline";
import { loadInput } from "./inputs.mjs";
import { peakBytes, resetPeak, residentBytes } from "./memory.mjs";
import { OPERATIONS } from "./operations.mjs";

const [folder, name] = process.argv.slice(2);
const { inputs, make } = OPERATIONS.find(({ op }) => op === name);
const arrays = [];
for (const input of inputs) arrays.push(await loadInput(folder, input));
const { call, check, before = () => {} } = await make(...arrays);
let first = true;

for await (const _ of createInterface({ input: process.stdin })) {
  globalThis.gc?.();
  before();
  const memory = first && resetPeak() ? residentBytes() : null;
  const cpu = process.cpuUsage();
  const wall = performance.now();
  const result = await call();
  const wall_s = (performance.now() - wall) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const answer = { cpu_s: (user + system) / 1e6, wall_s };
  if (first) {
    Object.assign(answer, {
      peak_bytes: memory === null ? null : peakBytes() - memory,
      check: check(result),
      voxels: arrays[0].data.length,
    });
  }
  first = false;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
