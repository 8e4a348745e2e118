/** gRPC below the session: typed calls from the generated service, credentials, limits. Knows nothing of sessions and retries. */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type ConnectionTarget, isLoopback } from "./connection-string.ts";
import { MessageStream } from "./message-stream.ts";

export interface TlsOptions {
  /** Certificates of the authorities to trust, PEM; absent: those of the system. */
  readonly ca?: Uint8Array;
  /** Name that the server's certificate must carry, when it is not the host's. */
  readonly serverName?: string;
}

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** gRPC's servers close connections that ping more often than every 5 minutes. */
const KEEP_ALIVE_MS = 330_000;
const KEEP_ALIVE_ANSWER_MS = 20_000;

/**
 * Bytes that the server may send before they are taken. HTTP/2's 64 KiB cost a round trip each, and half of the client's time; much more
 * would outgrow what the server keeps for a reattachment (see execution.ts).
 */
const FLOW_CONTROL_BYTES = 4 * 2 ** 20;

export class Transport {
  readonly #connect: () => Client;
  readonly #metadata = new Metadata();
  #client: Client;

  constructor(target: ConnectionTarget, userAgent: string, tls: TlsOptions = {}) {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    const ca = tls.ca === undefined ? null : Buffer.from(tls.ca);
    this.#connect = () =>
      new Client(`${host}:${target.port}`, target.useSsl ? credentials.createSsl(ca) : credentials.createInsecure(), {
        "grpc.primary_user_agent": userAgent,
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
        "grpc-node.flow_control_window": FLOW_CONTROL_BYTES,
        "grpc.keepalive_time_ms": KEEP_ALIVE_MS,
        "grpc.keepalive_timeout_ms": KEEP_ALIVE_ANSWER_MS,
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1_000,
        "grpc.service_config_disable_resolution": 1,
        "grpc.use_local_subchannel_pool": 1, // sessions share no connection: closing one does not disturb another
        ...(isLoopback(target.host) ? { "grpc.enable_http_proxy": 0 } : {}), // what is meant for this machine stays on it
        ...(tls.serverName === undefined ? {} : { "grpc.ssl_target_name_override": tls.serverName }),
      });
    this.#client = this.#connect();
    for (const [key, value] of Object.entries(target.headers)) this.#metadata.set(key, value);
    if (target.token !== null) this.#metadata.set("authorization", `Bearer ${target.token}`);
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    limits: CallLimits = {},
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        pathOf(method),
        encoderOf(method.input),
        decoderOf(method.output),
        request,
        this.#metadata,
        callOptions(limits),
        (error, response) => {
          off();
          if (error !== null) reject(error);
          else resolve(response!);
        },
      );
      const off = onAbort(limits.signal, () => call.cancel());
    });
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageShape<I>,
    limits: CallLimits = {},
  ): MessageStream<MessageShape<O>> {
    const call: ClientReadableStream<MessageShape<O>> = this.#client.makeServerStreamRequest(
      pathOf(method),
      encoderOf(method.input),
      decoderOf(method.output),
      request,
      this.#metadata,
      callOptions(limits),
    );
    const off = onAbort(limits.signal, () => call.cancel());
    return new MessageStream(call, off);
  }

  /** Sends the requests one after the other, waiting whenever the connection is full. What `requests` throws ends the call. */
  async clientStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    requests: AsyncIterable<MessageShape<I>>,
    limits: CallLimits = {},
  ): Promise<MessageShape<O>> {
    let wake = () => {};
    let over = false;
    let settle!: (error: ServiceError | null, response?: MessageShape<O>) => void;
    const answer = new Promise<MessageShape<O>>((resolve, reject) => {
      settle = (error, response) => (error === null ? resolve(response!) : reject(error));
    });
    const call = this.#client.makeClientStreamRequest(
      pathOf(method),
      encoderOf(method.input),
      decoderOf(method.output),
      this.#metadata,
      callOptions(limits),
      (error: ServiceError | null, response?: MessageShape<O>) => {
        over = true;
        off();
        settle(error, response);
        wake();
      },
    );
    const off = onAbort(limits.signal, () => call.cancel());
    call.on("drain", () => wake());
    call.on("error", () => wake()); // the callback reports it
    answer.catch(() => {}); // it may fail while the loop below still waits
    try {
      for await (const request of requests) {
        if (over) break;
        if (!call.write(request)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (over) resolve();
          });
        }
      }
    } catch (error) {
      call.cancel();
      throw error;
    }
    if (!over) call.end();
    return answer;
  }

  /** Leaves a connection that no longer answers: calls from now on use a new one. */
  renew(): void {
    const old = this.#client;
    this.#client = this.#connect();
    old.close();
  }

  close(): void {
    this.#client.close();
  }
}

function pathOf(method: { readonly name: string; readonly parent: { readonly typeName: string } }): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function encoderOf<D extends DescMessage>(schema: D) {
  return (message: MessageShape<D>): Buffer => {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function decoderOf<D extends DescMessage>(schema: D) {
  return (bytes: Buffer): MessageShape<D> => fromBinary(schema, bytes);
}

function callOptions({ timeoutMs }: CallLimits): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) queueMicrotask(act);
  else signal.addEventListener("abort", act, { once: true });
  return () => signal.removeEventListener("abort", act);
}
