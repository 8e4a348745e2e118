/** The log of a run: JSON lines in its folder, for people and for `jq`. */
import { join } from "node:path";
import { pino } from "pino";
import type { RunEvent } from "./events.ts";

export interface RunLog {
  follow(event: RunEvent): void;
  error(error: unknown): void;
  close(): void;
}

/** Appends to `log.jsonl`. Written at once: a killed run has its last lines. */
export function openRunLog(folder: string): RunLog {
  const destination = pino.destination({ dest: join(folder, "log.jsonl"), mkdir: true, sync: true });
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
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
      logger.error(error);
    },
    close() {
      destination.end();
    },
  };
}
