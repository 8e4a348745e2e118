/**
 * What becomes of the rows of one plan while it runs, from the objects that its tasks leave (`status.ts`) and from what comes with the
 * rows, whichever is first. Each row is said to start and to finish once, and to be tried again once a try.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromPlainError } from "../../errors.ts";
import { forEachParallel } from "../../parallel.ts";
import type { EngineEvent } from "../types.ts";
import { parseStatusName, type RowBegun, type RowState, readStatus } from "./status.ts";

export interface ProgressListener {
  say(event: EngineEvent): void;
  /** A row has failed: its job shall not wait until the row comes. */
  fail(error: unknown): void;
}

interface Found {
  readonly name: string;
  readonly row: string;
  readonly task: number;
  readonly state: RowState;
}

/** Read or removed at once. */
const PARALLEL = 16;
const FINISHED = -1;
const ORDER: readonly RowState[] = ["running", "done", "failed"];

export class PlanProgress {
  readonly folder: string;
  readonly #label: string;
  readonly #listener: ProgressListener;
  /** Tries of each row, or {@link FINISHED}. */
  readonly #rows = new Map<string, number>();
  /** `.running` objects that were read and are still there. */
  #known = new Set<string>();
  #ended = false;

  constructor(folder: string, label: string, listener: ProgressListener) {
    this.folder = folder;
    this.#label = label;
    this.#listener = listener;
  }

  /** Looks for new objects, and removes those of rows that are done: the folder stays as small as the number of running tasks. */
  async sweep(): Promise<void> {
    const found = (await readdir(this.folder).catch(() => [])).flatMap((name): Found[] => {
      const parsed = parseStatusName(name);
      return parsed === null ? [] : [{ name, ...parsed }];
    });
    const fresh = found.filter(({ name, row }) => !this.#known.has(name) && this.#rows.get(row) !== FINISHED);
    const read = new Map<string, RowBegun>();
    await forEachParallel(fresh, PARALLEL, async ({ name }) => {
      const begun = await readStatus(this.folder, name);
      if (begun !== undefined) read.set(name, begun);
    });
    fresh.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.task - b.task);
    for (const { name, row, state } of fresh) {
      const begun = read.get(name);
      if (begun === undefined || this.#ended) continue;
      this.begin(row, begun);
      if (state === "done") this.finish(row, begun);
      else if (state === "failed" && begun.error) this.#listener.fail(fromPlainError(begun.error));
    }
    this.#known = new Set(found.filter(({ name }) => this.#known.has(name) || read.has(name)).map(({ name }) => name));
    const old = found.filter(({ row }) => this.#rows.get(row) === FINISHED);
    await forEachParallel(old, PARALLEL, async ({ name }) => await rm(join(this.folder, name), { force: true }).catch(() => {}));
  }

  begin(row: string, { key, failures }: RowBegun): void {
    const seen = this.#rows.get(row) ?? 0;
    if (seen === FINISHED || this.#ended) return;
    const tries = failures.length + 1;
    this.#rows.set(row, Math.max(seen, tries));
    if (seen === 0) this.#listener.say({ type: "task-started", label: this.#label, key });
    for (let attempt = Math.max(seen, 1); attempt < tries; attempt++) {
      const detail = { attempt, reason: failures[attempt - 1] };
      this.#listener.say({ type: "task-retried", label: this.#label, key, detail });
    }
  }

  finish(row: string, begun: RowBegun): void {
    if (this.#rows.get(row) === FINISHED || this.#ended) return;
    this.begin(row, begun);
    this.#rows.set(row, FINISHED);
    this.#listener.say({ type: "task-finished", label: this.#label, key: begun.key });
  }

  /** Nothing is said from now on. */
  async end(): Promise<void> {
    this.#ended = true;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {}); // a task that is being ended may still write
  }
}
