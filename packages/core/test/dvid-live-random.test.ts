/** Random calls to the stand-in and to a real server at once (AXONLOOM_DVID): the answers are alike. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { bothAnswer, RandomCalls } from "./dvid-random.suite.ts";
import { type DvidServer, dvidAvailable, startDvid } from "./dvid-server.ts";
import { callServer } from "./fake-dvid/client.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";

const SEEDS = [1, 2, 3];
const STEPS = 80;

let dvid: DvidServer;
let standIn: FakeDvid;
const { proves } = tallyOf("live", "random", () => dvid.version);

describe.skipIf(!dvidAvailable)("random calls to the stand-in and a live server", () => {
  beforeAll(async () => {
    [dvid, standIn] = [await startDvid(), await startFakeDvid({ indexDelayMs: 0 })];
  });
  afterAll(async () => {
    await standIn?.stop();
    await dvid?.stop();
  });

  for (const seed of SEEDS) {
    proves("random", `seed ${seed}: ${STEPS} changes`, async () => {
      const calls = new RandomCalls(seed);
      for (const { url, admin } of [standIn, dvid])
        for (const { method, path, query, body } of calls.setUp(admin)) {
          expect((await callServer(url, method, `/api/${path}`, query, body)).status).toBe(200);
        }
      const done: string[] = [];
      try {
        for (let step = 0; step < STEPS; step++) {
          const change = calls.change();
          done.push(
            `${change.method} ${change.path} ${new URLSearchParams(change.query)} ${typeof change.body === "string" ? change.body : "…"}`,
          );
          await bothAnswer(change, [standIn.url, dvid.url]);
          for (const read of calls.reads(change)) await bothAnswer(read, [standIn.url, dvid.url]);
        }
      } catch (error) {
        throw new Error(`after\n${done.slice(-12).join("\n")}\n${(error as Error).message}`, { cause: error });
      }
      // Enough is accepted for the reads to mean something.
      const changes = standIn.requests.filter(({ method, path }) => method !== "GET" && path.includes("/seg16/"));
      expect(changes.filter(({ status }) => status === 200).length).toBeGreaterThan(changes.length / 2);
    });
  }
});
