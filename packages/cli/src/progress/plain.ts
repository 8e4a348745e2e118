/** Plain lines, for pipes and log files: what happens, and how far it is at most every ten seconds. */
import type { Display } from "./display.ts";

const INTERVAL_MS = 10_000;

export function openPlain(write: (line: string) => void): Display {
  let last = performance.now();
  return {
    hasBar: false,
    line: write,
    update(clock) {
      const now = performance.now();
      if (now - last < INTERVAL_MS || clock.done === clock.total) return;
      last = now;
      write(`${clock.stage}: ${clock.text(now)}`);
    },
    close() {},
  };
}
