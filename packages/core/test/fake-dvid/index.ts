/**
 * A stand-in for a DVID server: real HTTP on loopback, state in memory, the answers of the recorded server and, where nothing was recorded,
 * of its specification ({@link SPEC_ONLY}). Faults on command.
 *
 *     const dvid = await startFakeDvid();
 *     dvid.faults.add({ kind: "answer", status: 503, when: (r) => r.method === "POST", times: 3 });
 *     await fetch(`${dvid.url}/api/repos/info`);
 *     await dvid.stop();
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, type Call, Panic, Refusal, ServerEnds } from "./call.ts";
import { type Fault, Faults, type SeenRequest } from "./faults.ts";
import { Routes } from "./routes.ts";
import { specOnly } from "./spec-only.ts";

export type { Fault, SeenRequest } from "./faults.ts";

export interface FakeDvidOptions {
  /** For `?admintoken=`. */
  readonly adminToken?: string;
  /** Asked for on every request; absent: nobody is asked. */
  readonly bearer?: string;
  /** Whether labelmaps can be made; default true. */
  readonly logStore?: boolean;
  /** How long the indices stay behind a raw POST. */
  readonly indexDelayMs?: number;
}

export interface FakeDvid {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** `127.0.0.1:port`, as in `dvid://…`. */
  readonly host: string;
  readonly admin: string;
  readonly faults: Faults;
  /** All requests since the start, oldest first. */
  readonly requests: SeenRequest[];
  /** The most requests that were under way at once. */
  readonly peak: number;
  /** Ends at once: connections are cut, index changes that were still to come are lost; what was acknowledged stays for `restart`. */
  kill(): Promise<void>;
  /** Listens again, at the same address. */
  restart(): Promise<void>;
  /** Waits until the indices are complete. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const MAX_THROTTLED = 1;
/** A throttled call takes long enough to be in the way of another. */
const THROTTLED_MS = 5;
/** Longer answers have no Content-Length. */
const CHUNKED_FROM = 2048;
const UNTHROTTLED: ReadonlySet<string> = new Set([
  "info",
  "key",
  "roi",
  "label",
  "labels",
  "size",
  "sizes",
  "maxlabel",
  "nextlabel",
]);

export async function startFakeDvid(options: FakeDvidOptions = {}): Promise<FakeDvid> {
  const { adminToken = "admin-of-the-stand-in", bearer, logStore = true, indexDelayMs = 50 } = options;
  const faults = new Faults();
  const requests: SeenRequest[] = [];
  const timers = new Map<NodeJS.Timeout, () => void>();
  const later = (work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, indexDelayMs);
    timers.set(timer, work);
  };
  const routes = new Routes({ logStore, later });
  let [underWay, peak, throttled] = [0, 0, 0];
  let server = createServer();
  let port = 0;

  async function listen(): Promise<void> {
    server = createServer((request, response) => void serve(request, response).catch(() => request.socket.destroy()));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    port = (server.address() as AddressInfo).port;
  }

  /**
   * At a port below those that the system gives to outgoing connections: a client that asks again and again while the server is down could
   * otherwise connect to itself, and take the port.
   */
  async function listenFirst(): Promise<void> {
    for (let tries = 50; ; tries--) {
      port = 10_000 + Math.floor(Math.random() * 20_000);
      try {
        return await listen();
      } catch (error) {
        if (tries === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      }
    }
  }

  async function kill(): Promise<void> {
    for (const timer of timers.keys()) clearTimeout(timer);
    timers.clear();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    underWay++;
    peak = Math.max(peak, underWay);
    let holdsThrottle = false;
    response.once("close", () => {
      underWay--;
      if (holdsThrottle) throttled--;
    });
    const url = new URL(request.url ?? "/", "http://server");
    const seen: SeenRequest & { bodyBytes: number } = {
      method: request.method ?? "GET",
      path: decodeURIComponent(url.pathname),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      bodyBytes: 0,
      status: 0,
      answerBytes: 0,
    };
    requests.push(seen);
    const fault = faults.take(seen);
    const parts = seen.path
      .replace(/^\/api\//, "")
      .split("/")
      .filter((part, i, all) => part !== "" || i < all.length - 1);

    /** Before the body is read; who still sends finds the connection closed. */
    const early = (status: number, text: string) => {
      seen.status = status;
      response.once("finish", () => request.socket.destroySoon());
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" }).end(text);
    };
    if (fault?.kind === "answer" && fault.early === true) return early(fault.status, fault.text ?? "DVID server is unavailable.\n");
    if (/^(true|on)$/.test(seen.query["throttle"] ?? "") && !UNTHROTTLED.has(parts[3] ?? "")) {
      specOnly("throttle");
      if (throttled >= MAX_THROTTLED)
        return early(503, `Server already running ${throttled} throttled operations (max = ${MAX_THROTTLED})\n\n`);
      holdsThrottle = true;
      throttled++;
    }

    const { body, complete } = await receive(request);
    seen.bodyBytes = body.length;
    if (holdsThrottle) await sleep(THROTTLED_MS);
    if (fault?.kind === "slow") await sleep(fault.ms);
    if (fault?.kind === "cut-before") return void request.socket.destroy();
    if (fault?.kind === "kill-before") return kill();
    if (bearer !== undefined && request.headers.authorization !== `Bearer ${bearer}`) {
      return send(response, seen, { status: 401, type: "text/plain; charset=utf-8", body: "missing or invalid token\n" }, fault);
    }
    if (fault?.kind === "answer") {
      const body = fault.text ?? "DVID server is unavailable.\n";
      return send(response, seen, { status: fault.status, type: "text/plain; charset=utf-8", body }, fault);
    }
    const midway = fault?.kind === "cut-midway" || fault?.kind === "fail-midway" || fault?.kind === "kill-midway";
    const call: Call = {
      method: seen.method,
      path: seen.path,
      parts,
      query: url.searchParams,
      body: midway ? body.subarray(0, Math.floor(body.length / 2)) : body,
      cutShort: midway || !complete,
      admin: url.searchParams.get("admintoken") === adminToken,
    };
    const answer = await outcome(routes, call);
    if (answer === null || fault?.kind === "kill-midway" || fault?.kind === "kill-after") return kill();
    if (!complete || fault?.kind === "cut-midway" || fault?.kind === "cut-after") return void request.socket.destroy();
    if (fault?.kind === "fail-midway") {
      const body = `Panic detected on request:\nwrite failed: no space left on device\n\n`;
      return send(response, seen, { status: fault.status ?? 500, type: "text/plain; charset=utf-8", body }, fault);
    }
    send(response, seen, answer, fault);
  }

  await listenFirst();
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    admin: adminToken,
    faults,
    requests,
    get peak() {
      return peak;
    },
    kill,
    restart: listen,
    async settled() {
      while (timers.size > 0) await sleep(5);
    },
    async stop() {
      for (const timer of timers.keys()) clearTimeout(timer);
      timers.clear();
      if (server.listening) await kill();
    },
  };
}

/** The body, or what came of it before the connection broke. */
async function receive(request: IncomingMessage): Promise<{ body: Buffer; complete: boolean }> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
    return { body: Buffer.concat(parts), complete: true };
  } catch {
    return { body: Buffer.concat(parts), complete: false };
  }
}

/** null: the process ends. */
async function outcome(routes: Routes, call: Call): Promise<Answer | null> {
  const plain = "text/plain; charset=utf-8";
  try {
    return await routes.answer(call);
  } catch (error) {
    if (error instanceof ServerEnds) return null;
    if (error instanceof Refusal) return { status: 400, type: plain, body: `${error.message} (${call.path}).\n` };
    const what = error instanceof Panic ? error.message : `in the stand-in: ${(error as Error).stack}`;
    return {
      status: 500,
      type: plain,
      body: `Panic detected on request fake/000001:\n${what}\nIP: 127.0.0.1, URL: ${call.path}\n\n`,
    };
  }
}

function send(response: ServerResponse, seen: SeenRequest, answer: Answer, fault: Fault | undefined): void {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const status = answer.status ?? 200;
  seen.status = status;
  if (answer.type !== null) response.setHeader("Content-Type", answer.type);
  if (answer.encoding !== undefined) response.setHeader("Content-Encoding", answer.encoding);
  const half = body.subarray(0, Math.floor(body.length / 2));
  switch (fault?.kind) {
    case "half-answer":
      seen.answerBytes = half.length;
      response.writeHead(status, body.length > CHUNKED_FROM ? {} : { "Content-Length": body.length });
      response.write(half.length > 0 ? half : Buffer.alloc(0), () => response.socket?.destroy());
      response.flushHeaders();
      return;
    case "short-answer":
      seen.answerBytes = half.length;
      response.writeHead(status).end(half);
      return;
    case "trailing-text": {
      const text = Buffer.from(fault.text ?? "unable to GET data: storage error (/api/node).\n");
      seen.answerBytes = body.length + text.length;
      response.writeHead(status);
      response.write(body);
      response.end(text);
      return;
    }
    default:
      seen.answerBytes = body.length;
      if (body.length > CHUNKED_FROM) {
        response.writeHead(status);
        response.write(body);
        response.end();
      } else response.writeHead(status, { "Content-Length": body.length }).end(body);
  }
}
