/** Ctrl-C: the first one asks everything to stop and leaves what can be resumed, the second one kills at once. */
import { EXIT } from "./exit-codes.ts";
import { say } from "./output.ts";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Takes the handlers away. */
  release(): void;
}

export function catchInterrupts(): Interrupt {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    say("axonloom: stopping; once more to stop at once");
    controller.abort();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
