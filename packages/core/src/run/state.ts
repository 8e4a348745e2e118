/** The state of a run in its folder: what `axonloom status` shows. Times are for people; no result depends on them. */
import { isAxonloomError } from "../errors.ts";
import { getJson, type KeyValueStore, putJson } from "../keyvalue/index.ts";
import type { CoverageCertificate, RunEvent, RunSummary, StageName } from "./events.ts";

export type RunStatus = "running" | "complete" | "incomplete" | "failed" | "interrupted";

export interface RunState {
  readonly status: RunStatus;
  readonly stage: StageName | null;
  readonly done: number;
  readonly total: number;
  readonly updated: string;
  readonly quarantined: number;
  readonly error: string | null;
}

const STATE = "state.json";
const SUMMARY = "summary.json";
const CERTIFICATE = "certificate.json";
/** At most one write of the state in this time while tasks finish. */
const INTERVAL_MS = 1000;

/** Follows the events of a run and keeps its state written. A write that fails is no matter as long as the last one succeeds. */
export class StateKeeper {
  readonly #store: KeyValueStore;
  #state: RunState = { status: "running", stage: null, done: 0, total: 0, updated: "", quarantined: 0, error: null };
  #lastWrite = 0;
  #later: NodeJS.Timeout | null = null;
  #pending: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  follow(event: RunEvent): void {
    // A run that goes on with a new session counts anew.
    if (event.event === "planned") this.#state = { ...this.#state, quarantined: 0 };
    else if (event.event === "stage-started") this.#set({ stage: event.stage, done: 0, total: event.total }, true);
    else if (event.event === "progress") this.#set({ stage: event.stage, done: event.done, total: event.total }, false);
    else if (event.event === "quarantined") this.#set({ quarantined: this.#state.quarantined + 1 }, true);
  }

  /** `E_WRITE_FAILED` when the last state cannot be written. */
  async end(status: RunStatus, error: string | null): Promise<void> {
    this.#set({ status, error }, true);
    await this.#pending;
    if (this.#failure !== null) throw this.#failure;
  }

  #set(change: Partial<RunState>, now: boolean): void {
    const time = Date.now();
    this.#state = { ...this.#state, ...change, updated: new Date(time).toISOString() };
    const wait = this.#lastWrite + INTERVAL_MS - time;
    if (now || wait <= 0) this.#write();
    // What came last must not wait for the next event, which may be hours away.
    else this.#later ??= setTimeout(() => this.#write(), wait).unref();
  }

  #write(): void {
    if (this.#later !== null) clearTimeout(this.#later);
    this.#later = null;
    this.#lastWrite = Date.now();
    const state = this.#state;
    this.#pending = this.#pending
      .then(() => putJson(this.#store, STATE, state))
      .then(
        () => {
          this.#failure = null;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      );
  }
}

/** null when there is none, or a damaged one. */
export async function readState(store: KeyValueStore): Promise<RunState | null> {
  return await readWhole<RunState>(store, STATE);
}

/** Writes summary and certificate of a finished run. */
export async function saveResult(store: KeyValueStore, summary: RunSummary, certificate: CoverageCertificate): Promise<void> {
  await putJson(store, CERTIFICATE, certificate);
  await putJson(store, SUMMARY, summary);
}

/** null when there is none, or a damaged one. */
export async function readSummary(store: KeyValueStore): Promise<RunSummary | null> {
  return await readWhole<RunSummary>(store, SUMMARY);
}

/** null when there is none, or a damaged one. */
export async function readCertificate(store: KeyValueStore): Promise<CoverageCertificate | null> {
  return await readWhole<CoverageCertificate>(store, CERTIFICATE);
}

async function readWhole<T>(store: KeyValueStore, key: string): Promise<T | null> {
  try {
    return await getJson<T>(store, key);
  } catch (error) {
    if (isAxonloomError(error) && error.cause instanceof SyntaxError) return null;
    throw error;
  }
}
