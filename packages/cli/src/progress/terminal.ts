/** One bar on the last line of a terminal, drawn over itself; lines appear above it. */
import type { StageClock } from "./clock.ts";
import type { Display } from "./display.ts";

const BAR = 24;
/** The rate and the time left go on while no task ends. */
const REDRAW_MS = 500;
const CLEAR_LINE = "\r\u001b[K";

export interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

export function openTerminal(terminal: Terminal): Display {
  let current: StageClock | null = null;
  let lastDraw = 0;
  const draw = () => {
    if (current === null) return;
    lastDraw = performance.now();
    terminal.write(CLEAR_LINE + barOf(current, lastDraw).slice(0, (terminal.columns ?? 80) - 1));
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    hasBar: true,
    line(text) {
      current = null; // the next update draws the bar again
      terminal.write(`${CLEAR_LINE}${text}\n`);
    },
    update(clock) {
      const late = performance.now() - lastDraw >= 50;
      if (late || current !== clock) {
        current = clock;
        draw();
      }
    },
    close() {
      clearInterval(timer);
      if (current !== null) terminal.write(CLEAR_LINE);
      current = null;
    },
  };
}

/** `segment   [########................] 3/8 (38 %), 2.1 Mvoxel/s, 41 s left`. */
export function barOf(clock: StageClock, now: number): string {
  const full = Math.round(BAR * clock.fraction);
  return `${clock.stage.padEnd(9)} [${"#".repeat(full)}${".".repeat(BAR - full)}] ${clock.text(now)}`;
}
