// Stages for tests of the Spark engine alone.
import { readFileSync } from "node:fs";

/** What a task could know of the server's token. */
export const secrets = (_value, name) => {
  const inherited = readFileSync("/proc/self/environ", "latin1").split("\0");
  return [process.env[name] ?? null, inherited.filter((line) => line.includes(name)).map((line) => line.slice(0, 60))];
};
export const failInside = () => {
  const inner = () => {
    throw new TypeError("boom of a stage");
  };
  return inner();
};
