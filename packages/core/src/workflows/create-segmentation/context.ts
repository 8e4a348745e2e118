/** What the steps of a run share. */
import type { Config } from "../../config/index.ts";
import type { Broadcast, Engine, EngineEvent } from "../../engine/index.ts";
import type { KeyValueStore } from "../../keyvalue/index.ts";
import type { RunListener, StageName } from "../../run/events.ts";
import type { RunPlan } from "./plan.ts";
import type { PreservedBodies } from "./preserved.ts";

export interface RunContext {
  readonly config: Config;
  readonly plan: RunPlan;
  readonly engine: Engine;
  /** The run folder. */
  readonly store: KeyValueStore;
  /** For the tasks. */
  readonly preserved: Broadcast<PreservedBodies> | null;
  /** With more matches than this the tasks resolve them. */
  readonly driverMatches: number;
  readonly emit: RunListener;
  readonly signal: AbortSignal;
}

/** Key of a subvolume's rows; text order is the order of ids. */
export function subvolumeKey(id: number): string {
  return String(id).padStart(10, "0");
}

/** Turns the engine's events into those of a run: counts the tasks of the stage that runs. */
export class ProgressCounter {
  readonly #emit: RunListener;
  #stage: StageName | null = null;
  #total = 0;
  #done = 0;
  #voxels = 0;
  #voxelsOf: (key: string) => number = () => 0;

  constructor(emit: RunListener) {
    this.#emit = emit;
  }

  readonly listen = (event: EngineEvent): void => {
    if (event.type === "log") {
      const { level, message } = event.detail as { level: string; message: string };
      this.#emit({ event: "log", level, task: `${event.label} ${event.key}`, message });
    } else if (event.type === "task-retried") {
      this.#emit({
        event: "warning",
        message: `${event.label} ${event.key}: its worker ended (${event.detail?.["reason"]}); tried again`,
      });
    } else if (event.type === "task-finished" && event.label === this.#stage) {
      this.#done += 1;
      this.#voxels += this.#voxelsOf(event.key);
      this.#emit({ event: "progress", stage: this.#stage, done: this.#done, total: this.#total, voxels: this.#voxels });
    }
  };

  /** Runs a stage: its tasks carry its name as label. `voxelsOf`: voxels of a task by its key. */
  async stage<T>(stage: StageName, total: number, body: () => Promise<T>, voxelsOf: (key: string) => number = () => 0): Promise<T> {
    this.#stage = stage;
    this.#total = total;
    this.#done = 0;
    this.#voxels = 0;
    this.#voxelsOf = voxelsOf;
    this.#emit({ event: "stage-started", stage, total });
    const began = performance.now();
    const result = await body();
    // Tasks that turned out not to be needed, or that were done under another label, are over, too.
    if (this.#done < total) this.#emit({ event: "progress", stage, done: total, total, voxels: this.#voxels });
    this.#emit({ event: "stage-finished", stage, seconds: (performance.now() - began) / 1000 });
    this.#stage = null;
    return result;
  }
}
