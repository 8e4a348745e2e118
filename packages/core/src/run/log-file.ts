/** The log of a run: JSON lines in its folder, for people and for `jq`. */
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { writeFailed } from "../fs-errors.ts";
import type { RunEvent } from "./events.ts";

export interface RunLog {
  /** `E_WRITE_FAILED` when the line cannot be written. */
  follow(event: RunEvent): void;
  /** The error that ends the run; never throws, as that error is the one to report. */
  error(error: unknown): void;
  /** `E_WRITE_FAILED` when the system says only now that something was not written. */
  close(): void;
}

export interface RunLogOptions {
  /** Write lines of level debug too. */
  readonly debug?: boolean;
}

/** Appends to `log.jsonl`. Written at once: a killed run has its last lines. `E_WRITE_FAILED` when the file cannot be opened. */
export function openRunLog(folder: string, { debug = false }: RunLogOptions = {}): RunLog {
  const path = join(folder, "log.jsonl");
  const writing = <T>(write: () => T): T => {
    try {
      return write();
    } catch (error) {
      throw writeFailed(path, error);
    }
  };
  const file = writing(() => {
    mkdirSync(folder, { recursive: true });
    return openSync(path, "a");
  });
  const logger = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, level: debug ? "debug" : "info" },
    { write: (line) => writing(() => writeFileSync(file, line)) },
  );
  return {
    follow(event) {
      if (event.event === "progress") return;
      if (event.event === "log") {
        const level = event.level in pino.levels.values ? (event.level as "info") : "info";
        logger[level]({ task: event.task }, event.message);
      } else if (event.event === "warning") logger.warn(event.message);
      else if (event.event === "quarantined")
        logger.error(event, `subvolume ${event.subvolume} quarantined: ${event.error.message}`);
      else logger.info(event, event.event);
    },
    error(error) {
      try {
        logger.error(error);
      } catch {
        // the disk is full, perhaps: that is said by what failed before
      }
    },
    close() {
      writing(() => closeSync(file));
    },
  };
}
