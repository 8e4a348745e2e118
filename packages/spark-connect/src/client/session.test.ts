import { afterEach, expect, test } from "vitest";
import { type FakeServer, startFakeServer } from "./fake-server.suite.ts";
import { SparkSession } from "./session.ts";

let server: FakeServer | undefined;

afterEach(() => server?.close());

async function connect(version: string, parameters = "") {
  const analyzed = { result: { case: "sparkVersion", value: { version } } };
  server = await startFakeServer(() => ({ responses: [], end: null }), { AnalyzePlan: () => analyzed });
  return SparkSession.connect(`sc://127.0.0.1:${server.port}/${parameters}`, { keepAliveMs: 0 });
}

test("other versions of Spark are refused", async () => {
  for (const version of ["3.5.1", "4.0.1", "4.2.0", "4.10.0", ""]) {
    await expect(connect(version)).rejects.toMatchObject({
      code: "E_SPARK_VERSION",
      message: expect.stringMatching(/expected Spark 4\.1\.x .* found/),
    });
    server!.close();
  }
});

test("requests carry session, user and client", async () => {
  const sessionId = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  const session = await connect("4.1.9", `;user_id=me;session_id=${sessionId};user_agent=mine`);
  expect(session).toMatchObject({ version: "4.1.9", id: sessionId, userId: "me" });
  await session.close();
  await session.close(); // once is enough
  expect(server!.requests.map(({ method }) => method)).toEqual(["AnalyzePlan", "ReleaseSession"]);
  for (const { request } of server!.requests) {
    expect(request).toMatchObject({ sessionId, userContext: { userId: "me" }, clientType: "mine" });
  }
});
