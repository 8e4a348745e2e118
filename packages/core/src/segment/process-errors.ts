/** How a process of a plug-in can end badly, in words. */
import { AxonloomError, type ErrorCode } from "../errors.ts";
import { type Checked, placeOf } from "./checks.ts";

/** Lines of output in the message about a crash. */
const LAST_LINES = 8;

export function timeoutError(seconds: number, where: Checked): AxonloomError {
  return failure("E_PLUGIN_TIMEOUT", `ran longer than its subprocess-timeout of ${seconds} s and was ended`, where, { seconds });
}

export function memoryError(limit: number, found: number, where: Checked): AxonloomError {
  const text = `used ${found} bytes of memory, more than its subprocess-memory of ${limit}, and was ended`;
  return failure("E_PLUGIN_MEMORY", text, where, { limit, found });
}

export function crashError(code: number | null, signal: NodeJS.Signals | null, tail: string[], where: Checked): AxonloomError {
  const how = signal === null ? `with exit code ${code}` : `by signal ${signal}`;
  // V8 says so on its way out
  const outOfMemory = tail.some((line) => /heap out of memory|heap limit/i.test(line));
  const last = tail.length === 0 ? "" : `; its last output: ${tail.slice(-LAST_LINES).join(" | ")}`;
  return failure(
    outOfMemory ? "E_PLUGIN_MEMORY" : "E_PLUGIN_CRASHED",
    outOfMemory ? `ran out of JavaScript memory; its process ended ${how}` : `its process ended ${how} before it answered${last}`,
    where,
    { exitCode: code, signal },
  );
}

export function failure(code: ErrorCode, text: string, where: Checked, fields: Readonly<Record<string, unknown>>): AxonloomError {
  const { plugin, subvolume, bordered } = where;
  return new AxonloomError(code, `${plugin}, ${placeOf(where)}: ${text}`, { plugin, subvolume, box: bordered, ...fields });
}
