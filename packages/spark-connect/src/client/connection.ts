/** One session's calls: adds the session to each request, repeats what failed on the way, notices a restarted server, translates errors. */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { type CallOptions, cancelledBy } from "../call-options.ts";
import { SparkConnectError, type SparkErrorFields } from "../errors.ts";
import { type FetchErrorDetailsResponse, SparkConnectService } from "../gen/spark/connect/connect_pb.ts";
import type { MessageStream } from "./message-stream.ts";
import { errorInfoOf, isServiceError, isTimeout, isTransient, toSparkError } from "./remote-error.ts";
import { Backoff } from "./retry.ts";
import type { Transport } from "./transport.ts";

/** Fields that every request has. */
export interface RequestBase {
  readonly sessionId: string;
  readonly userContext: { readonly userId: string; readonly userName: string };
  readonly clientType: string;
  readonly clientObservedServerSideSessionId?: string;
}

interface Answer {
  readonly sessionId?: string;
  readonly serverSideSessionId?: string;
}

export interface ConnectionSettings {
  readonly sessionId: string;
  readonly userId: string;
  readonly clientType: string;
  /** How to name the server in messages. */
  readonly where: string;
  /** How long lost connections are retried. */
  readonly reconnectMs: number;
  /** Silence after which a connection counts as dead. */
  readonly silenceMs: number;
}

const DETAILS_TIMEOUT_MS = 10_000;

export class Connection {
  readonly settings: ConnectionSettings;
  readonly #transport: Transport;
  #serverSideSessionId: string | null = null;
  #closed = false;

  constructor(transport: Transport, settings: ConnectionSettings) {
    this.#transport = transport;
    this.settings = settings;
  }

  get base(): RequestBase {
    const { sessionId, userId, clientType } = this.settings;
    const base = { sessionId, userContext: { userId, userName: userId }, clientType };
    return this.#serverSideSessionId === null ? base : { ...base, clientObservedServerSideSessionId: this.#serverSideSessionId };
  }

  /** Identity of the session inside the server process; changes when the server has been restarted. */
  get serverSideSessionId(): string | null {
    return this.#serverSideSessionId;
  }

  /** `retry: false`: a first contact, which fails at once when nobody answers. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    init: MessageInitShape<I>,
    options: CallOptions & { readonly retry?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<MessageShape<O>> {
    const backoff = new Backoff(options.retry === false ? 0 : this.settings.reconnectMs);
    const limits = { timeoutMs: this.settings.silenceMs, ...options };
    for (;;) {
      this.#check(options.signal);
      try {
        const request = create(method.input, { ...init, ...this.base } as MessageInitShape<I>);
        const answer = await this.#transport.unary(method, request, limits);
        this.observe(answer as Answer);
        return answer;
      } catch (error) {
        this.#check(options.signal);
        const silent = isTimeout(error);
        if (silent) this.leave();
        if ((silent || isTransient(error)) && (await this.#pause(backoff, options.signal))) continue;
        throw await this.translate(error);
      }
    }
  }

  /** A stream of answers; the caller repeats, observes and translates. */
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    init: MessageInitShape<I>,
  ): MessageStream<MessageShape<O>> {
    this.#check();
    return this.#transport.serverStream(method, create(method.input, { ...init, ...this.base } as MessageInitShape<I>));
  }

  /** `inits` is asked anew for every try. */
  async upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    inits: () => AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const backoff = new Backoff(this.settings.reconnectMs);
    for (;;) {
      this.#check(options.signal);
      try {
        const answer = await this.#transport.clientStream(method, this.#requests(method, inits()), options);
        this.observe(answer as Answer);
        return answer;
      } catch (error) {
        this.#check(options.signal);
        if (isTransient(error) && (await this.#pause(backoff, options.signal))) continue;
        throw await this.translate(error);
      }
    }
  }

  /** Throws `E_SPARK_SESSION_LOST` when the answer comes from another life of the server. */
  observe(answer: Answer): void {
    const found = answer.serverSideSessionId ?? "";
    if (found === "") return;
    this.#serverSideSessionId ??= found;
    if (this.#serverSideSessionId === found) return;
    throw new SparkConnectError(
      "E_SPARK_SESSION_LOST",
      `expected the server's session ${this.#serverSideSessionId}, found ${found}: the server at ${this.settings.where} has been restarted; connect again`,
      { expected: this.#serverSideSessionId, found },
    );
  }

  /** Gives up a connection that is silent: the next call uses a new one. */
  leave(): void {
    if (!this.#closed) this.#transport.renew();
  }

  /** Asks the server for the whole exception when it has one. */
  async translate(error: unknown, fields: SparkErrorFields = {}): Promise<SparkConnectError> {
    return toSparkError(error, this.settings.where, await this.#details(error), fields);
  }

  close(): void {
    this.#closed = true;
    this.#transport.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  #check(signal?: AbortSignal): void {
    if (signal?.aborted) throw cancelledBy(signal);
    if (this.#closed) throw new SparkConnectError("E_SPARK_SESSION_LOST", "this session was closed; connect again");
  }

  async #pause(backoff: Backoff, signal?: AbortSignal): Promise<boolean> {
    try {
      return await backoff.pause(signal);
    } catch {
      throw cancelledBy(signal);
    }
  }

  async *#requests<I extends DescMessage>(
    method: { readonly input: I },
    inits: AsyncIterable<MessageInitShape<I>>,
  ): AsyncIterable<MessageShape<I>> {
    for await (const init of inits) yield create(method.input, { ...init, ...this.base } as MessageInitShape<I>);
  }

  async #details(error: unknown): Promise<FetchErrorDetailsResponse | null> {
    const errorId = isServiceError(error) ? errorInfoOf(error)?.metadata["errorId"] : undefined;
    if (errorId === undefined || this.#closed) return null;
    const method = SparkConnectService.method.fetchErrorDetails;
    try {
      return await this.#transport.unary(method, create(method.input, { ...this.base, errorId }), {
        timeoutMs: DETAILS_TIMEOUT_MS,
      });
    } catch {
      return null; // the short form in the trailer has to do
    }
  }
}
