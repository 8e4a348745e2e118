/** Errors of the file system, told apart and in the words of this program. */
import { AxonloomError, type ErrorFields } from "./errors.ts";

/** Nothing lies under the path. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The system's code, such as "ENOSPC"; null when the error has none. */
export function codeOf(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
  return typeof code === "string" ? code : null;
}

/** What any thrown value says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `E_WRITE_FAILED`. `what`: the path, or what was to be written where. */
export function writeFailed(what: string, error: unknown, fields: ErrorFields = { path: what }): AxonloomError {
  const message = `cannot write ${what} (${reasonOf(error)}); make room or check the permissions, then run again`;
  return new AxonloomError("E_WRITE_FAILED", message, fields, error);
}
