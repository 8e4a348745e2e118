/** Shows the events of a run: bars on a terminal, plain lines when piped, JSON lines when asked for. */
import type { RunEvent } from "@axonloom/core";
import { printJson, say } from "../output.ts";
import { StageClock } from "./clock.ts";
import type { Display } from "./display.ts";
import { lineOf } from "./lines.ts";
import { openPlain } from "./plain.ts";
import { openTerminal } from "./terminal.ts";

export interface Progress {
  readonly follow: (event: RunEvent) => void;
  /** Repeatable. */
  close(): void;
}

/** More messages of tasks than these are left to the log file. */
const MAX_TASK_MESSAGES = 20;

export function openProgress(json: boolean): Progress {
  if (json) return { follow: printJson, close() {} };
  return followWith(process.stderr.isTTY ? openTerminal(process.stderr) : openPlain(say));
}

export function followWith(display: Display): Progress {
  let clock: StageClock | null = null;
  let messages = 0;
  return {
    follow(event) {
      if (event.event === "log") {
        if (event.level !== "warn" && event.level !== "error") return;
        messages += 1;
        if (messages > MAX_TASK_MESSAGES) return;
        if (messages === MAX_TASK_MESSAGES)
          display.line("warning: further messages of tasks are in log.jsonl of the run folder only");
      }
      if (event.event === "stage-started") clock = new StageClock(event.stage, event.total, performance.now());
      if (event.event === "progress") clock?.advance(event.done, event.voxels);
      const text = lineOf(event);
      if (text !== null && !(display.hasBar && event.event === "stage-started")) display.line(text);
      if (event.event === "stage-finished") clock = null;
      if (clock !== null) display.update(clock);
    },
    close: () => display.close(),
  };
}
