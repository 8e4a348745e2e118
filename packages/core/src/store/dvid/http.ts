/**
 * Calls to a DVID server over HTTP: a pool of connections for each server, GET with a body where the server wants one, who asks, tokens,
 * time limits, and the store layer's one policy of repeating.
 *
 * @example
 * const answer = await connectDvid("http://emdata:8000").call({ method: "GET", path: "/server/info" });
 */
import { userInfo } from "node:os";
import { type Dispatcher, Pool } from "undici";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { codeOf, reasonOf } from "../../fs-errors.ts";
import { worksOnTasks } from "../../task-process.ts";
import { ADMIN_ADVICE, type Refusal, refusalError } from "./errors.ts";
import { RETRY_POLICY, type Repetition, type RetryPolicy, withRetries } from "./retry.ts";
import { type DvidTokens, tokensFrom, withoutTokens } from "./tokens.ts";

export interface DvidCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/api`; {@link apiPath} makes it of names. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: Uint8Array | string;
  /** Whether a second call after a lost answer does no harm. By default a GET may be repeated, nothing else. */
  readonly repeatable?: boolean;
  /** Whether the server wants its administrator. */
  readonly admin?: boolean;
}

export interface DvidConnection {
  /** `http://host:port`. */
  readonly origin: string;
  /**
   * The answer's bytes. Errors of {@link refusalError}; `E_DVID_UNREACHABLE` when no answer comes in the policy's time; `E_DVID_LOST` when
   * the answer to a call that must not be repeated is lost.
   */
  call(call: DvidCall, options?: CallOptions): Promise<Uint8Array>;
  /** What `decode` makes of the answer. When it throws, the answer is damaged (`E_DVID_ANSWER`), and the call repeated where it may be. */
  read<T>(call: DvidCall, decode: (answer: Uint8Array) => T | Promise<T>, options?: CallOptions): Promise<T>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly policy?: RetryPolicy;
  readonly tokens?: DvidTokens;
}

/** Sockets to one server, of this thread. */
const CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** The server writes labels one request after the other, so that the last one waits for all. */
const HEADERS_TIMEOUT_MS = 300_000;
/** Between two pieces of an answer. */
const BODY_TIMEOUT_MS = 120_000;

const connections = new Map<string, DvidConnection>();

/** The connection to a server that this thread shares. */
export function connectDvid(origin: string): DvidConnection {
  const found = connections.get(origin) ?? openConnection(origin);
  connections.set(origin, found);
  return found;
}

/** A path of names, which may hold any letters. */
export function apiPath(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${encodeURIComponent(part).replaceAll("%3A", ":")}`).join("");
}

/** A connection of one's own. */
export function openConnection(origin: string, options: ConnectionOptions = {}): DvidConnection {
  const { policy = RETRY_POLICY, tokens = tokensFrom() } = options;
  const pool = new Pool(origin, {
    connections: CONNECTIONS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
  });
  /** A server that never answered is no server; one that did, here or to the driver of this task, is away for a while. */
  let answered = false;

  async function attempt(call: DvidCall, { signal }: CallOptions): Promise<Uint8Array> {
    const { statusCode, body } = await pool.request(requestOf(call, tokens, signal));
    answered = true;
    const bytes = await body.bytes();
    if (statusCode >= 200 && statusCode < 300) return bytes;
    const text = textOf(bytes, tokens);
    throw new Refused({ status: statusCode, text, request: nameOf(origin, call) });
  }

  function judge(call: DvidCall, error: unknown): Repetition {
    if (error instanceof Damaged) return mayRepeat(call) ? "damaged" : "no";
    // A refusal that says "not now" has done nothing, whatever the call.
    if (error instanceof Refused)
      return isBusy(error.refusal) && (error.refusal.status === 503 || mayRepeat(call)) ? "again" : "no";
    if (neverSent(error)) return answered || worksOnTasks() ? "again" : "no";
    return isLost(error) && mayRepeat(call) ? "again" : "no";
  }

  function reported(call: DvidCall, error: unknown): unknown {
    const request = nameOf(origin, call);
    if (isAxonloomError(error)) return error;
    if (error instanceof Refused) return refusalError(error.refusal);
    if (error instanceof Damaged) {
      const message = `${request}: the answer is damaged (${error.message}); run again, and look at the server's log if it stays so`;
      return new AxonloomError("E_DVID_ANSWER", message, { request }, error.cause);
    }
    const reason = reasonOf(error) || codeOf(error);
    if (!neverSent(error) && isLost(error) && !mayRepeat(call)) {
      const message = `${request}: the connection broke before the answer (${reason}), so nobody knows whether the server did it; look, then run again`;
      return new AxonloomError("E_DVID_LOST", message, { request }, error);
    }
    if (!neverSent(error) && !isLost(error)) return error;
    const message =
      answered || worksOnTasks()
        ? `${request}: no answer for ${Math.round(policy.deadlineMs / 1000)} s (${reason}); see whether the server runs, then run again`
        : `${request}: no server answers at ${origin} (${reason}); check the address, and whether the server runs`;
    return new AxonloomError("E_DVID_UNREACHABLE", message, { request, origin }, error);
  }

  async function read<T>(call: DvidCall, decode: (answer: Uint8Array) => T | Promise<T>, options: CallOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (call.admin && tokens.admin === null) throw noAdminToken(nameOf(origin, call));
    const attemptAndDecode = async () => {
      const answer = await attempt(call, options);
      try {
        return await decode(answer);
      } catch (error) {
        throw isAxonloomError(error) && error.code !== "E_DVID_ANSWER" ? error : new Damaged(error);
      }
    };
    try {
      return await withRetries(attemptAndDecode, (error) => judge(call, error), policy, options);
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw reported(call, error);
    }
  }

  return { origin, read, call: (call, o) => read(call, (answer) => answer, o), close: () => pool.close() };
}

/** An answer that is no success. */
class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.text);
    this.refusal = refusal;
  }
}

/** An answer that cannot be decoded. */
class Damaged extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
  }
}

function requestOf(call: DvidCall, tokens: DvidTokens, signal: AbortSignal | undefined): Dispatcher.RequestOptions {
  const query = new URLSearchParams({ u: userName(), app: "axonloom", interactive: "false" });
  for (const [key, value] of Object.entries(call.query ?? {})) query.set(key, String(value));
  if (call.admin && tokens.admin !== null) query.set("admintoken", tokens.admin);
  return {
    method: call.method,
    path: `/api${call.path}?${query}`,
    headers: {
      ...(tokens.bearer === null ? {} : { authorization: `Bearer ${tokens.bearer}` }),
      ...(call.body === undefined ? {} : { "content-type": "application/octet-stream" }),
    },
    // without a length a body of a GET would be taken for the next request
    ...(call.body === undefined ? {} : { body: typeof call.body === "string" ? Buffer.from(call.body) : call.body }),
    signal: signal ?? null,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "axonloom"; // a container whose user has no name
  }
}

function nameOf(origin: string, call: DvidCall): string {
  return `${call.method} ${origin}/api${call.path}`;
}

function mayRepeat(call: DvidCall): boolean {
  return call.repeatable ?? call.method === "GET";
}

function isBusy({ status }: Refusal): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** The request did not reach a server. */
function neverSent(error: unknown): boolean {
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"].includes(
    codeOf(error) ?? "",
  );
}

/** The connection ended, or nothing came, in the middle of a call. */
function isLost(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return ["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(code) || /^(UND_ERR_(SOCKET|.*TIMEOUT|RES_.*MISMATCH)|HPE_)/.test(code);
}

const LONGEST_TEXT = 1000;
/** So much more that no token reaches from the text beyond it. */
const LONGEST_LOOKED_AT = 1 << 20;

/** What the server says, without its last line's repetition of the path. */
function textOf(bytes: Uint8Array, tokens: DvidTokens): string {
  // A token that is cut would not be found.
  const whole = withoutTokens(new TextDecoder().decode(bytes.subarray(0, LONGEST_LOOKED_AT)), tokens);
  const text = whole.slice(0, LONGEST_TEXT).trim();
  return text.replace(/\s*\(\/api\/[^)]*\)\.?$/, "");
}

function noAdminToken(request: string): AxonloomError {
  const message = `${request} is for the server's administrator: ${ADMIN_ADVICE}`;
  return new AxonloomError("E_DVID_DENIED", message, { request });
}
