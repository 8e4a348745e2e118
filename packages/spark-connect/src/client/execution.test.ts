import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { ExecutePlanRequest, ReattachExecuteRequest } from "../gen/spark/connect/connect_pb.ts";
import { Connection } from "./connection.ts";
import { parseConnectionString } from "./connection-string.ts";
import { execute, type Reattach } from "./execution.ts";
import { type FakeServer, type Script, startFakeServer, UNAVAILABLE } from "./fake-server.suite.ts";
import { Transport } from "./transport.ts";

let server: FakeServer | undefined;
let connection: Connection | undefined;

afterEach(() => {
  connection?.close();
  server?.close();
});

async function serve(answer: (request: ExecutePlanRequest | ReattachExecuteRequest, call: number) => Script, reconnectMs = 5000) {
  server = await startFakeServer(answer);
  const transport = new Transport(parseConnectionString(`sc://127.0.0.1:${server.port}`), "test");
  const settings = { sessionId: "s", userId: "u", clientType: "test", where: "here", reconnectMs, silenceMs: 60_000 };
  connection = new Connection(transport, settings);
}

const response = (n: number) => ({ responseId: `r${n}`, responseType: { case: "sqlCommandResult", value: {} } }) as const;
const complete = { responseId: "last", responseType: { case: "resultComplete", value: {} } } as const;
const PLAN = { opType: { case: "root", value: { relType: { case: "range", value: { end: 1n, step: 1n } } } } } as const;

async function run(onReattach?: (event: Reattach) => void): Promise<string[]> {
  const ids: string[] = [];
  for await (const { responseId } of execute(connection!, PLAN, { tags: ["t"], ...(onReattach ? { onReattach } : {}) }))
    ids.push(responseId);
  return ids;
}

const methods = () => server!.requests.map(({ method }) => method);

test("wherever the stream is cut, each response arrives once and in order", async () => {
  const TOTAL = 12;
  const cuts = fc.array(fc.record({ after: fc.integer({ min: 0, max: 4 }), planned: fc.boolean() }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(cuts, async (list) => {
      await serve((request, call) => {
        const last = "lastResponseId" in request ? request.lastResponseId : undefined;
        const start = last === undefined ? 0 : Number(last.slice(1)) + 1;
        const rest = Array.from({ length: TOTAL - start }, (_, i) => response(start + i));
        const cut = list[call];
        if (cut === undefined) return { responses: [...rest, complete], end: null };
        return { responses: rest.slice(0, cut.after), end: cut.planned ? null : UNAVAILABLE };
      });
      expect(await run()).toEqual(Array.from({ length: TOTAL }, (_, i) => `r${i}`));
      expect(methods().at(-1)).toBe("ReleaseExecute");
      expect(methods()).not.toContain("Interrupt");
      connection!.close();
      server!.close();
    }),
    { numRuns: 25 },
  );
});

test("as long as nothing was received the same request is sent again; then it is taken up behind the last response", async () => {
  const script: Script[] = [
    { responses: [], end: UNAVAILABLE },
    { responses: [response(0), response(1)], end: UNAVAILABLE },
    { responses: [complete], end: null },
  ];
  await serve((_, call) => script[call]!);
  const events: Reattach[] = [];
  expect(await run((event) => events.push(event))).toEqual(["r0", "r1"]);
  expect(methods()).toEqual(["ExecutePlan", "ExecutePlan", "ReattachExecute", "ReleaseExecute"]);
  const [first, second, third] = server!.requests.map(
    ({ request }) => request as Partial<ExecutePlanRequest & { lastResponseId: string }>,
  );
  expect(second!.operationId).toBe(first!.operationId);
  expect(third).toMatchObject({ operationId: first!.operationId, lastResponseId: "r1", sessionId: "s" });
  expect(first!.tags).toEqual(["t"]);
  expect(events).toEqual([
    { operationId: first!.operationId, received: 0, reason: expect.stringContaining("connection lost") },
    { operationId: first!.operationId, received: 2, reason: expect.stringContaining("connection lost") },
  ]);
});

test("Spark's own errors are not repeated, and get their code", async () => {
  const ends = [
    ["DIVIDE_BY_ZERO", "E_SPARK_QUERY"],
    ["OPERATION_CANCELED", "E_SPARK_CANCELLED"],
    ["INVALID_HANDLE.SESSION_NOT_FOUND", "E_SPARK_SESSION_LOST"],
    ["INVALID_HANDLE.OPERATION_ABANDONED", "E_SPARK_OPERATION_LOST"],
    ["INVALID_CURSOR.POSITION_NOT_AVAILABLE", "E_SPARK_OPERATION_LOST"],
  ];
  for (const [errorClass, code] of ends) {
    await serve(() => ({
      responses: [response(0)],
      end: { code: status.INTERNAL, details: "it failed", errorClass: errorClass! },
    }));
    await expect(run(), errorClass).rejects.toMatchObject({ code, errorClass, message: expect.stringContaining("it failed") });
    expect(methods()).toEqual(["ExecutePlan", "ReleaseExecute"]);
    connection!.close();
    server!.close();
  }
});

test("a cut cursor of Spark is repeated", async () => {
  const cut = { code: status.INTERNAL, details: "x", errorClass: "INVALID_CURSOR.DISCONNECTED" };
  await serve((_, call) => (call === 0 ? { responses: [response(0)], end: cut } : { responses: [complete], end: null }));
  expect(await run()).toEqual(["r0"]);
});

test("calls that bring nothing end with a code when the time is over", async () => {
  await serve(() => ({ responses: [], end: null }), 300);
  await expect(run()).rejects.toMatchObject({ code: "E_SPARK_UNREACHABLE", message: expect.stringContaining("here") });
  expect(server!.requests.length).toBeLessThan(10); // pauses between them
  expect(methods().slice(-2)).toEqual(["Interrupt", "ReleaseExecute"]);
});

test("another life of the server is noticed", async () => {
  await serve((_, call) => ({ responses: [{ ...response(call), serverSideSessionId: `life ${call}` }], end: UNAVAILABLE }));
  await expect(run()).rejects.toMatchObject({ code: "E_SPARK_SESSION_LOST", message: expect.stringContaining("restarted") });
});

test("leaving early interrupts the operation and releases it", async () => {
  await serve(() => ({ responses: Array.from({ length: 100 }, (_, i) => response(i)), end: null }));
  for await (const { responseId } of execute(connection!, PLAN)) if (responseId === "r3") break;
  expect(methods()).toEqual(["ExecutePlan", "Interrupt", "ReleaseExecute"]);
});

test("an aborted signal interrupts the operation", async () => {
  const abort = new AbortController();
  await serve(() => ({ responses: [response(0), response(1)], end: UNAVAILABLE }));
  const ids: string[] = [];
  const reading = (async () => {
    for await (const { responseId } of execute(connection!, PLAN, { signal: abort.signal })) {
      ids.push(responseId);
      abort.abort(new Error("enough"));
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: "E_SPARK_CANCELLED", cause: { message: "enough" } });
  expect(ids).toEqual(["r0"]);
  expect(methods()).toEqual(["ExecutePlan", "Interrupt", "ReleaseExecute"]);
});
