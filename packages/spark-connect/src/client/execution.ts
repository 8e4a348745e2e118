/**
 * One reattachable execution: a stream of responses that outlives its gRPC calls.
 *
 *   ExecutePlan ──r1 r2 r3──✂          cut: connection lost, or ended by the server after 2 minutes or 1 GiB
 *   ReattachExecute(last = r3) ──r4 r5──✂
 *   ReattachExecute(last = r5) ──r6 result_complete      then ReleaseExecute(all)
 *
 * Every response is delivered once: the next call starts behind the last response that was received. As long as nothing was received the
 * same ExecutePlan is sent again: by its operation id the server attaches to the running operation, or starts it if it never arrived.
 */
import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, cancelledBy } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { type ExecutePlanResponse, type PlanSchema, SparkConnectService } from "../gen/spark/connect/connect_pb.ts";
import type { Connection } from "./connection.ts";
import { INTERRUPT } from "./constants.ts";
import type { MessageStream } from "./message-stream.ts";
import { isTransient } from "./remote-error.ts";
import { Backoff } from "./retry.ts";

export interface Reattach {
  readonly operationId: string;
  /** How many responses had arrived. */
  readonly received: number;
  /** Why the call before ended; null when the server ended it as planned. */
  readonly reason: string | null;
}

export interface ExecutionOptions extends CallOptions {
  readonly tags?: readonly string[];
  readonly onReattach?: (event: Reattach) => void;
}

/**
 * What has arrived is delivered also after a cut. On the way are at most the flow-control window (4 MiB) and what the server is writing; it
 * keeps 10 MiB of what it has sent for a reattachment: pieces of this size never fall out of it.
 */
const CHUNK_BYTES = 2n * 2n ** 20n;

/** What is not released the server ends by itself, after 5 minutes. */
const RELEASE_LIMITS = { retry: false, timeoutMs: 10_000 } as const;

const methods = SparkConnectService.method;

/** Runs a plan and gives the responses in order, each once. Ending the iteration early, or the signal, interrupts the operation. */
export async function* execute(
  connection: Connection,
  plan: MessageInitShape<typeof PlanSchema>,
  options: ExecutionOptions = {},
): AsyncGenerator<ExecutePlanResponse, void, undefined> {
  const execution = new Execution(connection, plan, options);
  try {
    for (let response = await execution.next(); response !== null; response = await execution.next()) yield response;
  } finally {
    await execution.release();
  }
}

class Execution {
  readonly #connection: Connection;
  readonly #plan: MessageInitShape<typeof PlanSchema>;
  readonly #options: ExecutionOptions;
  readonly #operationId = randomUUID();
  readonly #backoff: Backoff;
  #stream: MessageStream<ExecutePlanResponse> | null = null;
  #lastResponseId: string | null = null;
  #received = 0;
  /** `failed`: the server has ended the operation with an error. */
  #state: "running" | "complete" | "failed" = "running";

  constructor(connection: Connection, plan: MessageInitShape<typeof PlanSchema>, options: ExecutionOptions) {
    this.#connection = connection;
    this.#plan = plan;
    this.#options = options;
    this.#backoff = new Backoff(connection.settings.reconnectMs);
  }

  async next(): Promise<ExecutePlanResponse | null> {
    const { signal } = this.#options;
    while (this.#state === "running") {
      if (signal?.aborted) throw cancelledBy(signal);
      const before = this.#received;
      let ended: Error | null = null;
      try {
        this.#stream ??= this.#open();
        const response = await this.#read(this.#stream);
        if (response !== null) return this.#accept(response);
      } catch (error) {
        if (signal?.aborted) throw cancelledBy(signal);
        if (!(isTransient(error) || error instanceof Silence)) throw await this.#fail(error);
        ended = error as Error;
      }
      await this.#again(ended, before);
    }
    return null;
  }

  /** Frees what the server keeps; an operation that is still running is interrupted first. Never throws: the server cleans up by itself. */
  async release(): Promise<void> {
    this.#stream?.cancel();
    if (this.#connection.closed) return;
    const operationId = this.#operationId;
    try {
      if (this.#state === "running") {
        const interrupt = { case: "operationId", value: operationId } as const;
        await this.#connection.unary(methods.interrupt, { interruptType: INTERRUPT.operation, interrupt }, RELEASE_LIMITS);
      }
      const release = { case: "releaseAll", value: {} } as const;
      await this.#connection.unary(methods.releaseExecute, { operationId, release }, RELEASE_LIMITS);
    } catch {
      // a server that is gone, or has forgotten the operation, keeps nothing
    }
  }

  #open(): MessageStream<ExecutePlanResponse> {
    const operationId = this.#operationId;
    if (this.#lastResponseId !== null) {
      return this.#connection.open(methods.reattachExecute, { operationId, lastResponseId: this.#lastResponseId });
    }
    return this.#connection.open(methods.executePlan, {
      plan: this.#plan,
      operationId,
      tags: [...(this.#options.tags ?? [])],
      requestOptions: [
        { requestOption: { case: "reattachOptions", value: { reattachable: true } } },
        {
          requestOption: {
            case: "resultChunkingOptions",
            value: { allowArrowBatchChunking: true, preferredArrowChunkSize: CHUNK_BYTES },
          },
        },
      ],
    });
  }

  async #read(stream: MessageStream<ExecutePlanResponse>): Promise<ExecutePlanResponse | null> {
    const { signal } = this.#options;
    const { silenceMs } = this.#connection.settings;
    let silent = false;
    const stop = () => stream.cancel();
    const timer = setTimeout(() => {
      silent = true;
      stop();
    }, silenceMs);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await stream.next();
    } catch (error) {
      if (!silent) throw error;
      this.#connection.leave();
      throw new Silence(`no message for ${silenceMs / 1000} s`);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  #accept(response: ExecutePlanResponse): ExecutePlanResponse | null {
    this.#connection.observe(response);
    this.#backoff.reset();
    this.#lastResponseId = response.responseId;
    this.#received++;
    if (response.responseType.case !== "resultComplete") return response;
    this.#state = "complete";
    return null;
  }

  /** Prepares the next call. A call that brought nothing is followed by a pause, so that a broken proxy is not hammered. */
  async #again(error: Error | null, before: number): Promise<void> {
    const { signal, onReattach } = this.#options;
    this.#stream = null;
    if (error !== null || before === this.#received) {
      let inTime: boolean;
      try {
        inTime = await this.#backoff.pause(signal);
      } catch {
        throw cancelledBy(signal);
      }
      if (!inTime) throw await this.#fail(error ?? new Silence("calls end without a response"));
    }
    onReattach?.({ operationId: this.#operationId, received: this.#received, reason: error?.message ?? null });
  }

  async #fail(error: unknown): Promise<SparkConnectError> {
    if (error instanceof Silence) {
      const { where, reconnectMs } = this.#connection.settings;
      const message = `the server at ${where} is silent (${error.message}), and a new connection did not help for ${reconnectMs / 1000} s`;
      return new SparkConnectError("E_SPARK_UNREACHABLE", message, { operationId: this.#operationId });
    }
    if (!isTransient(error)) this.#state = "failed";
    return this.#connection.translate(error, { operationId: this.#operationId });
  }
}

class Silence extends Error {}
