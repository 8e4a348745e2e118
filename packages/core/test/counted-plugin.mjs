// Membranes of the phantom, and a line in a file for each time that a subvolume is segmented: "subvolume pid". Tests name a subvolume that
// misbehaves in a parameter.
import { appendFileSync, readFileSync } from "node:fs";

export function predict({ gray, shape, subvolume, parameters: { log, lingers, exits, eats, slow = 0 } }) {
  const before = readFileSync(log, "utf8").split("\n");
  appendFileSync(log, `${subvolume} ${process.pid}\n`);
  if (slow > 0) sleep(slow);
  // The first time only, long enough for the test to end this process in the middle.
  if (subvolume === lingers && !before.some((line) => line.startsWith(`${subvolume} `))) sleep(60_000);
  if (subvolume === exits) process.exit(3);
  if (subvolume === eats) for (const kept = []; ; ) kept.push({ a: [1, 2, 3, kept.length] });
  return { data: Float32Array.from(gray, (g) => Math.min(1, Math.max(0, (190 - g) / 150))), shape: [...shape, 1] };
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
