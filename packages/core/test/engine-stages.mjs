// Stages for the engine's tests: plain functions that a worker thread imports by this file's URL.
import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";

export const square = (n) => n * n;
export const scale = (n, factor) => n * factor;
export const spread = (n) => [
  { key: `k${n % 3}`, value: n },
  { key: `k${(n + 1) % 3}`, value: -n },
];
export const sum = (values) => values.reduce((a, b) => a + b, 0);
export const joined = ({ left, right }) => `${left.join("+")}|${right.join("+")}`;
export const big = (n) => new Uint32Array(1000).fill(n);
export const total = (array) => array.reduce((a, b) => a + b, 0);
export const fail = () => {
  throw Object.assign(new Error("expected 1, found 2"), { code: "E_PLUGIN_RESULT", fields: { found: 2 } });
};
export const touch = (name, folder) => writeFileSync(`${folder}/${name}`, "");
export const dieTwice = (n, _params, context) => {
  if (context.attempt < 3) process.exit(7);
  return `${n} after ${context.previousFailure}`;
};
export const dieAlways = () => process.exit(7);
export const talk = (n, _params, context) => {
  context.logger.warn(`number ${n}`);
  context.report({ half: n / 2 });
  return n;
};
export const wait = (n) => new Promise((resolve) => setTimeout(() => resolve(n), 10_000));
export const sleep = (ms) => new Promise((resolve) => setTimeout(() => resolve(ms), ms));
export const unsendable = (n) => () => n;
export const print = (n) => {
  console.log("plug-in", { n });
  console.info("informs");
  console.warn("%d%% done", 50);
  console.error(new Error("printed").message);
  console.debug("details");
  console.dir([n]);
  console.table([[n]]);
  return n;
};
let reads = 0;
const seen = new Set();
export const lookUp = async (n, { table, factor }, context) => {
  const value = await context.broadcast(table);
  if (!seen.has(value)) reads += 1;
  seen.add(value);
  return { found: value.get(`n${n}`) * factor, reads };
};
// A meeting of tasks that run at the same time: each leaves its file and returns how many others it sees.
export const meet = async (name, folder) => {
  writeFileSync(`${folder}/${name}`, "");
  await new Promise((resolve) => setTimeout(resolve, 60));
  const here = readdirSync(folder).length;
  rmSync(`${folder}/${name}`);
  return here;
};
export const meetQuietly = async (name, folder) => {
  const here = await meet(name, folder);
  writeFileSync(`${folder}.${name}`, String(here));
};
export const long = (n) => Uint32Array.from({ length: n }, (_, i) => i);
export const first = ([value]) => value;
/** How often it has run for this name, by a file. */
export const countRuns = (name, folder) => {
  appendFileSync(`${folder}/${name}.runs`, "x");
  return statSync(`${folder}/${name}.runs`).size;
};
export const sleepFirst = ([ms]) => sleep(ms);
export const sleepOrFail = (ms) => (ms < 0 ? fail() : sleep(ms));
/** Bytes that do not compress, the same for the same seed: a megabyte of noise, repeated. */
export const noise = ({ bytes, seed }) => {
  const words = new Uint32Array(bytes / 4);
  const first = Math.min(words.length, 2 ** 18);
  let state = seed + 1;
  for (let i = 0; i < first; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  for (let at = first; at < words.length; at *= 2) words.copyWithin(at, 0, at);
  return words;
};
export const noiseSum = (words) => ({ length: words.length, sha1: createHash("sha1").update(words).digest("hex") });
export const noiseSums = ({ left, right }) => ({ left: left.map(noiseSum), right });
export const rightSums = ({ left, right }) => ({ left, right: right.map(noiseSum) });
