/** A run outlives its session on Spark: what the session kept is lost with it, and the checkpoints make it cheap to start the steps again. */
import type { CallOptions } from "../../call-options.ts";
import { type AxonloomError, isAxonloomError } from "../../errors.ts";
import type { RunListener } from "../../run/events.ts";

/** So often a run goes on with a new session. */
const NEW_SESSIONS = 3;

/** Runs `body`, which makes and closes its engine, and runs it again when the session is lost. @param body gets how often that happened. */
export async function withNewSessions<T>(
  body: (lost: number) => Promise<T>,
  emit: RunListener,
  { signal }: CallOptions = {},
): Promise<T> {
  for (let lost = 0; ; lost++) {
    try {
      return await body(lost);
    } catch (error) {
      if (signal?.aborted || lost === NEW_SESSIONS || !isSessionLost(error)) throw error;
      const message = `${error.message}. A new session goes on from the checkpoints (${lost + 1} of at most ${NEW_SESSIONS})`;
      emit({ event: "warning", message });
    }
  }
}

/**
 * The session has expired, its server was restarted, or an operation was given up. A server of our own that died is something else: most
 * likely it would die again, of too little memory.
 */
function isSessionLost(error: unknown): error is AxonloomError {
  return isAxonloomError(error) && error.code === "E_SPARK_LOST" && error.fields["spark"] !== undefined;
}
