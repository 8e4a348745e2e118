/** What code in a worker thread prints goes to the log of its task: the process's output belongs to the command. */
import { formatWithOptions, inspect } from "node:util";
import type { Logger } from "../../log.ts";

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

/** From now on `console` of this thread speaks to the logger. `table`, `trace`, `count` and so on print by the same functions. */
export function consoleTo(logger: Logger): void {
  for (const [name, level] of Object.entries(LEVELS)) {
    console[name as keyof typeof LEVELS] = (...parts: unknown[]) => logger[level](formatWithOptions({ colors: false }, ...parts));
  }
  console.dir = (value: unknown, options?: object) => logger.info(inspect(value, options));
}
