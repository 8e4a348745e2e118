/** Runs into a DVID server (the stand-in): the same labels as in files, with indices and scales as they must be. */
import { join } from "node:path";
import { planRun } from "@axonloom/core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { expectWhole, newRepo } from "./dvid-look.ts";
import { dvidRunSuite } from "./dvid-run.suite.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallVolume } from "./fixtures.ts";

async function server(): Promise<FakeDvid> {
  const dvid = await startFakeDvid();
  onTestFinished(() => dvid.stop());
  return dvid;
}

test("a fresh instance gets what a folder gets, with one and two workers", async () => {
  const folder = smallVolume();
  const options = { "chunk-size": 64, border: 8 };
  const plain = await runSmall(configOf(folder, options));
  const dvid = await server();
  for (const workers of [1, 2]) {
    const root = await newRepo(dvid);
    const destination = `dvid://${dvid.host}/${root}/seg`;
    const into = { ...options, "checkpoint-dir": join(folder, `run-${workers}`) };
    const config = configOf(folder, into, { output: { destination } });
    const { requests } = await planRun(config);
    const from = dvid.requests.length;
    const { summary } = await runSmall(config, { workers });
    const made = dvid.requests.slice(from).filter(({ path }) => /\/(blocks|maxlabel|indices)(\/|$)/.test(path));
    expect(requests).toEqual({
      read: made.filter(({ method }) => method === "GET").length,
      write: made.filter(({ method }) => method === "POST").length,
    });
    expect(summary.digest).toBe(plain.summary.digest);
    expect(summary.bodies).toBe(plain.summary.bodies);
    await expectWhole(dvid, `node/${root}/seg`, [96, 96, 96]);
  }
});

let shared: FakeDvid;
beforeAll(async () => {
  shared = await startFakeDvid();
});
afterAll(() => shared.stop());
dvidRunSuite(
  "stand-in",
  () => shared,
  tallyOf("stand-in", "run", () => "this repository"),
);
