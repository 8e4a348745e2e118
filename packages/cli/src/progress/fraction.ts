/** Progress of one thing of which only the part done is known. */
import { say } from "../output.ts";
import { StageClock } from "./clock.ts";
import { openPlain } from "./plain.ts";
import { openTerminal } from "./terminal.ts";

export interface FractionProgress {
  /** @param done 0 to 1. */
  readonly show: (done: number) => void;
  /** Repeatable. */
  close(): void;
}

export function openFraction(name: string): FractionProgress {
  const display = process.stderr.isTTY ? openTerminal(process.stderr) : openPlain(say);
  const clock = new StageClock(name, 100, performance.now(), "percent");
  return {
    show(done) {
      clock.advance(Math.floor(100 * done), 0);
      display.update(clock);
    },
    close: () => display.close(),
  };
}
