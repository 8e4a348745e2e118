import type { StageClock } from "./clock.ts";

/** What a display of progress can do; lines go above whatever is drawn. */
export interface Display {
  /** A bar shows which stage runs, so that no line has to. */
  readonly hasBar: boolean;
  line(text: string): void;
  update(clock: StageClock): void;
  close(): void;
}
