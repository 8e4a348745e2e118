/**
 * The one policy of repeating calls to a server: a random pause between nothing and a bound that doubles up to a cap (full jitter), until the
 * call has taken too long as a whole. What may be repeated is the caller's to say.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { CallOptions } from "../../call-options.ts";

export interface RetryPolicy {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** From the first try on; a pause that would end later is not begun. */
  readonly deadlineMs: number;
  /** Tries of a call whose answers come but are damaged. */
  readonly damagedTries: number;
}

export const RETRY_POLICY: RetryPolicy = {
  firstPauseMs: 250,
  longestPauseMs: 30_000,
  deadlineMs: 600_000,
  damagedTries: 4,
};

/** "again": the server is busy or away. "damaged": its answer is. "no": another try changes nothing, or may do harm. */
export type Repetition = "again" | "damaged" | "no";

/** Calls `attempt` until it succeeds, `judge` says "no", or the policy is used up; then throws its last error. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  judge: (error: unknown) => Repetition,
  policy: RetryPolicy,
  { signal }: CallOptions = {},
): Promise<T> {
  const start = performance.now();
  let damaged = 0;
  for (let bound = policy.firstPauseMs; ; bound = Math.min(bound * 2, policy.longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const repetition = judge(error);
      if (repetition === "damaged") damaged++;
      const wait = Math.random() * bound;
      const late = performance.now() - start + wait > policy.deadlineMs;
      if (repetition === "no" || damaged >= policy.damagedTries || late) throw error;
      try {
        await pause(wait, undefined, signal === undefined ? {} : { signal });
      } catch {
        throw signal?.reason;
      }
    }
  }
}
