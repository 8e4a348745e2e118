/** The driver `dvid` on the stand-in: all that `dvid-store.suite.ts` asks, and what goes wrong between a client and a server. */
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { boxOfShape, shapeOf } from "../src/geometry/box.ts";
import { specOf } from "../src/store/contract.suite.ts";
import { createVolume, openVolume } from "../src/store/index.ts";
import { tallyOf } from "./dvid-capabilities.ts";
import { call } from "./dvid-look.ts";
import { coarsePattern, dvidStoreSuite, newRepo, sameVoxels, type TestRepo, written } from "./dvid-store.suite.ts";
import { type FakeDvid, type FakeDvidOptions, startFakeDvid } from "./fake-dvid/index.ts";

tallyOf("stand-in", "store", () => "this repository").provesAll("driver");

let dvid: FakeDvid;
beforeAll(async () => {
  dvid = await startFakeDvid();
});
afterAll(() => dvid.stop());

dvidStoreSuite("stand-in", () => dvid);

const bounds = boxOfShape([300, 20, 70]);
const block = coarsePattern(shapeOf(bounds), 1);

describe("faults", () => {
  let repo: TestRepo;
  beforeAll(async () => {
    repo = await newRepo(dvid);
  });
  afterEach(() => dvid.faults.clear());
  const ofVoxels = ({ path }: { path: string }) => /\/(blocks|raw)(\/|$)/.test(path);

  test.each([
    { kind: "answer", status: 503 },
    { kind: "answer", status: 503, early: true },
    { kind: "cut-before" },
    { kind: "cut-midway" },
    { kind: "cut-after" },
    { kind: "half-answer" },
    { kind: "short-answer" },
    { kind: "trailing-text" },
  ] as const)("labels come through $kind (early: $early), both ways", async (fault) => {
    const name = `through-${fault.kind}-${"early" in fault}`;
    dvid.faults.add({ ...fault, when: (r) => r.method === "POST" && ofVoxels(r), times: 2 });
    const { source } = await written(repo, name, bounds, block);
    dvid.faults.add({ ...fault, when: (r) => r.method === "GET" && ofVoxels(r), times: 2 });
    expect(sameVoxels((await (await openVolume(source)).read(bounds)).data, block.data)).toBe(true);
    expect(dvid.faults.pending).toBe(0);
  });

  test("a server that is killed and started again while labels are written", async () => {
    dvid.faults.add({ kind: "kill-midway", when: (r) => r.method === "POST" && ofVoxels(r), after: 1 });
    const running = written(repo, "killed", bounds, block);
    await expect.poll(() => dvid.faults.pending).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await dvid.restart();
    const { source } = await running;
    expect(sameVoxels((await (await openVolume(source)).read(bounds)).data, block.data)).toBe(true);
  });

  test("a server that fails is not asked again", async () => {
    const store = await createVolume(repo.source("failing"), specOf("uint64", bounds));
    const before = dvid.requests.length;
    dvid.faults.add({ kind: "fail-midway", when: (r) => r.method === "POST" && ofVoxels(r) });
    await expect(store.write(bounds, block)).rejects.toMatchObject({
      code: "E_DVID_FAILED",
      message: expect.stringMatching(/no space left/),
    });
    expect(dvid.requests.slice(before).filter((r) => r.status === 500).length).toBe(1);
  });

  test("an answer that stays damaged", async () => {
    const { source } = await written(repo, "damaged", bounds, block);
    dvid.faults.add({ kind: "trailing-text", when: (r) => r.method === "GET" && ofVoxels(r), times: Infinity });
    await expect((await openVolume(source)).read(bounds)).rejects.toMatchObject({ code: "E_DVID_ANSWER" });
  });
});

test("requests are few, bounded, and say who asks", async () => {
  const own = await startFakeDvid();
  onTestFinished(() => own.stop());
  const repo = await newRepo(own);
  const start = own.requests.length;
  const { source } = await written(repo, "seg", bounds, block);
  await (await openVolume(source)).read(bounds);
  const seen = own.requests.slice(start);
  for (const { query } of seen) {
    expect(query).toMatchObject({ u: expect.stringMatching(/./), app: "axonloom", interactive: "false" });
    expect(query).not.toHaveProperty("admintoken");
  }
  const posts = seen.filter((r) => r.method === "POST" && r.path.endsWith("/blocks"));
  expect(posts.map(({ query }) => [query["scale"], query["noindexing"]])).toEqual(
    expect.arrayContaining([
      ["0", "true"],
      ["1", "true"],
    ]),
  );
  expect(posts.filter(({ query }) => query["scale"] === "0").length).toBe(2);
  expect(Math.max(...posts.map((r) => r.bodyBytes))).toBeLessThan(2 ** 25);
  expect(own.peak).toBeLessThanOrEqual(8);
});

describe("servers that refuse", () => {
  async function serverWith(options: FakeDvidOptions): Promise<FakeDvid> {
    const server = await startFakeDvid(options);
    onTestFinished(() => server.stop());
    return server;
  }

  test("no log store", async () => {
    const repo = await newRepo(await serverWith({ logStore: false }));
    await expect(createVolume(repo.source("seg"), specOf("uint64", bounds))).rejects.toMatchObject({
      code: "E_DVID_SERVER",
      message: expect.stringContaining("[store.mutlog]"),
    });
  });

  test("no admin rights", async () => {
    const server = await serverWith({ adminToken: "right" });
    await expect(newRepo({ host: server.host, admin: "wrong" })).rejects.toMatchObject({ code: "E_DVID_DENIED" });
  });

  test("a bearer token that is missing", async () => {
    const server = await serverWith({ bearer: "secret" });
    await expect(openVolume(`dvid://${server.host}/abc/seg`)).rejects.toMatchObject({
      code: "E_DVID_DENIED",
      message: expect.stringContaining("AXONLOOM_DVID_TOKEN"),
    });
  });

  test("no server, no version, one that is not the only one", async () => {
    const failure = (source: string) =>
      openVolume(source).then(
        () => null,
        (error) => error.code,
      );
    const { host, root } = await newRepo(dvid);
    for (const end of ["a", "b"])
      await call(dvid, "POST", "repos", JSON.stringify({ alias: "two", root: `c0ffee${end}`.padEnd(32, "0") }));
    expect(await failure("dvid://127.0.0.1:1/abc/seg")).toBe("E_DVID_UNREACHABLE");
    expect(await failure(`dvid://${host}/${"f".repeat(32)}/seg`)).toBe("E_DVID_VERSION");
    expect(await failure(`dvid://${host}/no-such-repo:master/seg`)).toBe("E_DVID_VERSION");
    expect(await failure(`dvid://${host}/${root}:no-such-branch/seg`)).toBe("E_DVID_VERSION");
    expect(await failure(`dvid://${host}/c0ffee/seg`)).toBe("E_DVID_VERSION");
    expect(await failure(`dvid://${host}/c0ffeea/seg`)).toBe("E_SOURCE_NOT_FOUND");
  });
});
