/** What `axonloom doctor` finds, and what a run looks at before it begins. */
import { AxonloomError, type ErrorCode, isAxonloomError } from "../errors.ts";

export interface Check {
  readonly name: string;
  /** `failed`: a run would be refused. `warning`: it would work, but not as well as it could. */
  readonly status: "ok" | "warning" | "failed";
  readonly found: string;
  /** What is expected, why, and what to do; null where all is well. */
  readonly advice: string | null;
  /** Of the error that a run would end with; null unless failed. */
  readonly code: ErrorCode | null;
}

export function ok(name: string, found: string): Check {
  return { name, status: "ok", found, advice: null, code: null };
}

export function warning(name: string, found: string, advice: string): Check {
  return { name, status: "warning", found, advice, code: null };
}

export function failed(name: string, code: ErrorCode, found: string, advice: string): Check {
  return { name, status: "failed", found, advice, code };
}

/** An error in place of a check. What is no error of this program is thrown. */
export function failedBy(name: string, error: unknown): Check {
  if (!isAxonloomError(error)) throw error;
  return { name, status: "failed", found: error.message, advice: null, code: error.code };
}

/** Throws the first that failed, as a run's error. */
export function refuseFailed(checks: readonly Check[]): void {
  for (const { name, status, found, advice, code } of checks) {
    if (status === "failed") throw new AxonloomError(code!, `${name}: ${advice}; found ${found}`, { check: name, found });
  }
}
