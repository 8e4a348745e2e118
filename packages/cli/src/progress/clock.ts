/** Rate and time left of a stage. */
import { formatCount, formatRate, formatSeconds } from "../format.ts";

export class StageClock {
  readonly stage: string;
  readonly total: number;
  readonly #began: number;
  done = 0;
  #voxels = 0;

  readonly #unit: "tasks" | "percent";

  /** @param now milliseconds of a clock that only goes forward. */
  constructor(stage: string, total: number, now: number, unit: "tasks" | "percent" = "tasks") {
    this.stage = stage;
    this.total = total;
    this.#began = now;
    this.#unit = unit;
  }

  advance(done: number, voxels: number): void {
    this.done = done;
    this.#voxels = voxels;
  }

  get fraction(): number {
    return this.total === 0 ? 1 : Math.min(1, this.done / this.total);
  }

  /** `3/8 (38 %), 2.1 Mvoxel/s, 41 s left`. */
  text(now: number): string {
    const seconds = (now - this.#began) / 1000;
    const percent = `${Math.floor(100 * this.fraction)} %`;
    const parts = [this.#unit === "percent" ? percent : `${formatCount(this.done)}/${formatCount(this.total)} (${percent})`];
    if (this.#voxels > 0 && seconds > 0) parts.push(formatRate(this.#voxels, seconds));
    if (this.done > 0 && this.done < this.total) {
      parts.push(`${formatSeconds((seconds * (this.total - this.done)) / this.done)} left`);
    }
    return parts.join(", ");
  }
}
