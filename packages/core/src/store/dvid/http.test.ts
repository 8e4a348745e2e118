/** Proves what the client sends, what it repeats and what it must not, and that tokens stay out of every message. */
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { beginTasks } from "../../task-process.ts";
import { temporaryFolder } from "../contract.suite.ts";
import { refusalError } from "./errors.ts";
import { apiPath, type ConnectionOptions, type DvidConnection, openConnection } from "./http.ts";
import type { RetryPolicy } from "./retry.ts";
import { tokensFrom } from "./tokens.ts";

const QUICK: RetryPolicy = { firstPauseMs: 2, longestPauseMs: 8, deadlineMs: 400, damagedTries: 3 };
const NO_TOKENS = { bearer: null, admin: null };

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server on loopback that answers the n-th request as told, and keeps what it was asked. */
async function serve(
  answer: (n: number, response: ServerResponse, request: IncomingMessage) => void,
  options: ConnectionOptions = {},
): Promise<{ connection: DvidConnection; seen: Seen[]; origin: string; stop(): Promise<void> }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    seen.push({ method: request.method!, url: new URL(request.url!, "http://x"), headers: request.headers, body });
    answer(seen.length, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = openConnection(origin, { policy: QUICK, tokens: NO_TOKENS, ...options });
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await connection.close().catch(() => {});
  });
  return { connection, seen, origin, stop };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("expected a failure");
    },
    (error) => error,
  );

test("a GET has its body, its length, and says who asks", async () => {
  const { connection, seen } = await serve((_, response) => response.end("[1]"));
  const call = { method: "GET", path: apiPath("node", "ab:x", "a b", "labels"), body: "[[1,2,3]]", query: { scale: 1 } } as const;
  for (let i = 0; i < 3; i++) expect(Buffer.from(await connection.call(call)).toString()).toBe("[1]");
  for (const { method, url, headers, body } of seen) {
    expect([method, url.pathname, body]).toEqual(["GET", "/api/node/ab:x/a%20b/labels", "[[1,2,3]]"]);
    expect(headers["content-length"]).toBe("9");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      u: expect.stringMatching(/./),
      app: "axonloom",
      interactive: "false",
      scale: "1",
    });
  }
});

test("a busy server is asked again, by every call", async () => {
  const { connection, seen } = await serve((n, response) => {
    response.statusCode = n % 3 === 0 ? 200 : 503;
    response.end("Server already running 1 throttled operations (max = 1)");
  });
  await connection.call({ method: "GET", path: "/x" });
  await connection.call({ method: "POST", path: "/x", body: "1" });
  expect(seen.length).toBe(6);
});

test("a server that stays busy is given up after the deadline", async () => {
  const { connection } = await serve((_, response) => {
    response.statusCode = 503;
    response.end("busy");
  });
  const start = performance.now();
  expect(await failure(connection.call({ method: "GET", path: "/x" }))).toMatchObject({
    code: "E_DVID_UNREACHABLE",
    message: expect.stringMatching(/GET http.*\/api\/x: .*503.*busy/),
  });
  expect(performance.now() - start).toBeLessThan(2000);
});

test("a lost answer is asked for again only where that does no harm", async () => {
  const cut = await serve((n, response) => {
    if (n % 2 === 1) return void response.socket!.destroy();
    response.end("ok");
  });
  await cut.connection.call({ method: "GET", path: "/x" });
  await cut.connection.call({ method: "POST", path: "/x", repeatable: true });
  expect(cut.seen.length).toBe(4);
  expect(await failure(cut.connection.call({ method: "POST", path: "/x" }))).toMatchObject({ code: "E_DVID_LOST" });
  expect(cut.seen.length).toBe(5);
});

test("a body that ends early, with and without a length", async () => {
  const { connection, seen } = await serve((n, response) => {
    if (n <= 2) response.writeHead(200, n === 1 ? { "content-length": "100" } : {});
    if (n > 2) return void response.end("whole");
    response.write("half");
    setTimeout(() => response.socket!.destroy(), 5);
  });
  expect(Buffer.from(await connection.call({ method: "GET", path: "/x" })).toString()).toBe("whole");
  expect(seen.length).toBe(3);
});

test("an answer that cannot be decoded is asked for again, a few times", async () => {
  const { connection, seen } = await serve((n, response) => response.end(String(n)));
  const from = (least: number) => (answer: Uint8Array) => {
    const n = Number(Buffer.from(answer).toString());
    if (n < least) throw new Error(`trailing text after frame ${n}`);
    return n;
  };
  expect(await connection.read({ method: "GET", path: "/x" }, from(2))).toBe(2);
  expect(await failure(connection.read({ method: "GET", path: "/x" }, from(99)))).toMatchObject({
    code: "E_DVID_ANSWER",
    message: expect.stringContaining("trailing text after frame 5"),
  });
  expect(seen.length).toBe(5);
});

test("what the server refuses is not repeated", async () => {
  const texts = [
    [
      400,
      "could not find UUID with partial match to ffff (/api/node/ffff/seg64/info).\n",
      "E_DVID_VERSION",
      "`axonloom info dvid://127.0.0.1:",
    ],
    [400, "invalid data instance name (/api/node/ab/nosuch/info).\n", "E_SOURCE_NOT_FOUND", "axonloom info dvid://127.0.0.1"],
    [400, "can't branch an unlocked node (/api/node/ab/newversion).\n", "E_DVID_VERSION", "--commit"],
    [400, 'Cannot do POST on endpoint "raw" of locked node ab (/api/node/ab/seg/raw).\n', "E_DVID_LOCKED", "new-version"],
    [400, 'labelmap "seg" instance needs a writable log yet has none assigned', "E_DVID_SERVER", "[store.mutlog]"],
    [400, "Creating a repo requires admin privileges (/api/repos).\n", "E_DVID_DENIED", "AXONLOOM_DVID_ADMIN_TOKEN"],
    [401, "", "E_DVID_DENIED", "AXONLOOM_DVID_TOKEN"],
    [403, "no rights", "E_DVID_DENIED", "no rights"],
    [500, "Panic detected on request", "E_DVID_FAILED", "Panic"],
  ] as const;
  const { connection, seen, origin } = await serve((n, response) => {
    response.statusCode = texts[n - 1]![0];
    response.end(texts[n - 1]![1]);
  });
  for (const [, , code, said] of texts) {
    const error = await failure(connection.call({ method: "GET", path: "/x" }));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(said)]);
    expect(error.message).not.toContain("(/api/");
  }
  expect(seen.length).toBe(texts.length);
  expect(refusalError({ status: 400, text: "locked node ab", request: `POST ${origin}/api/node/ab/seg/raw` }).message).toContain(
    `axonloom dvid new-version dvid://${origin.slice("http://".length)}/ab`,
  );
});

test("no server: said at once; a server that went away: waited for", async () => {
  const { connection, origin, stop } = await serve((_, response) => response.end("ok"));
  const other = openConnection(origin, { policy: { ...QUICK, deadlineMs: 60_000 }, tokens: NO_TOKENS });
  await connection.call({ method: "GET", path: "/x" });
  await stop();
  expect(await failure(other.call({ method: "GET", path: "/x" }))).toMatchObject({
    code: "E_DVID_UNREACHABLE",
    message: expect.stringContaining(`no server answers at ${origin}`),
  });
  const start = performance.now();
  expect(await failure(connection.call({ method: "GET", path: "/x" }))).toMatchObject({ code: "E_DVID_UNREACHABLE" });
  expect(performance.now() - start).toBeGreaterThan(QUICK.deadlineMs / 2);
});

test("an abort ends waiting and pausing", async () => {
  const { connection } = await serve(() => {}, { policy: { ...QUICK, firstPauseMs: 1e6, longestPauseMs: 1e6, deadlineMs: 1e9 } });
  const busy = await serve(
    (_, response) => {
      response.statusCode = 503;
      response.end();
    },
    { policy: { ...QUICK, firstPauseMs: 1e6, longestPauseMs: 1e6, deadlineMs: 1e9 } },
  );
  for (const { call } of [connection, busy.connection]) {
    const reason = new Error("stop");
    const controller = new AbortController();
    const running = failure(call({ method: "GET", path: "/x" }, { signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 50);
    expect(await running).toBe(reason);
  }
});

test("tokens come from the environment or a file, reach the server, and are in no message", async () => {
  const file = join(await temporaryFolder(), "token");
  await writeFile(file, "adm/in+tok=en\n");
  const tokens = tokensFrom({ AXONLOOM_DVID_TOKEN: "bearer-token", AXONLOOM_DVID_ADMIN_TOKEN_FILE: file });
  const { connection, seen } = await serve(
    (_, response, request) => {
      response.statusCode = 500;
      response.end(`Panic, URL: ${request.url} ${request.headers.authorization} adm/in+tok=en`);
    },
    { tokens },
  );
  const error = await failure(connection.call({ method: "POST", path: "/repos", admin: true }));
  expect(seen[0]!.headers.authorization).toBe("Bearer bearer-token");
  expect(seen[0]!.url.searchParams.get("admintoken")).toBe("adm/in+tok=en");
  const all = inspect(error, { depth: 9 });
  expect(all).toContain("Panic");
  for (const secret of ["bearer-token", "adm/in", "adm%2Fin"]) expect(all).not.toContain(secret);

  await failure(connection.call({ method: "POST", path: "/x" }));
  expect(seen[1]!.url.searchParams.has("admintoken")).toBe(false);
});

test("a token that a long answer's end cuts is in no message", async () => {
  const tokens = { bearer: "bearer-token-of-some-length", admin: null };
  const { connection } = await serve(
    (_, response, request) => {
      response.statusCode = 500;
      response.end(`${"x".repeat(980)} ${request.headers.authorization}`);
    },
    { tokens },
  );
  const error = await failure(connection.call({ method: "GET", path: "/x" }));
  expect(inspect(error, { depth: 9 })).toContain("xxx");
  expect(inspect(error, { depth: 9, maxStringLength: null })).not.toContain("bearer-");
});

test("a token that is none, a file that is none", async () => {
  for (const environment of [{ AXONLOOM_DVID_TOKEN: "two words" }, { AXONLOOM_DVID_TOKEN_FILE: "/no/such/file" }]) {
    const error = (() => {
      try {
        return tokensFrom(environment);
      } catch (e) {
        return e;
      }
    })();
    expect(error).toMatchObject({ code: "E_DVID_DENIED", message: expect.not.stringContaining("two words") });
  }
  const { connection, seen } = await serve((_, response) => response.end());
  expect(await failure(connection.call({ method: "POST", path: "/repos", admin: true }))).toMatchObject({
    code: "E_DVID_DENIED",
    message: expect.stringContaining("AXONLOOM_DVID_ADMIN_TOKEN"),
  });
  expect(seen.length).toBe(0);
});

// The last one: from here on this process counts as one that works on tasks.
test("a task waits for a server that it never saw answer", async () => {
  const { origin, stop } = await serve((_, response) => response.end("ok"));
  await stop();
  const first = openConnection(origin, { policy: QUICK, tokens: NO_TOKENS });
  const timeOf = async () => {
    const start = performance.now();
    expect(await failure(first.call({ method: "GET", path: "/x" }))).toMatchObject({ code: "E_DVID_UNREACHABLE" });
    return performance.now() - start;
  };
  expect(await timeOf()).toBeLessThan(QUICK.deadlineMs / 2);
  beginTasks();
  expect(await timeOf()).toBeGreaterThan(QUICK.deadlineMs / 2);
});
