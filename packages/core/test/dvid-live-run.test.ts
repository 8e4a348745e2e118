/** Whole runs into a real server (AXONLOOM_DVID), and what people do with their result. */
import { afterAll, beforeAll, describe } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { dvidRunSuite } from "./dvid-run.suite.ts";
import { type DvidServer, dvidAvailable, startDvid } from "./dvid-server.ts";

let dvid: DvidServer;

describe.skipIf(!dvidAvailable)("a run and a live DVID server", () => {
  const tally = tallyOf("live", "run", () => dvid.version);
  beforeAll(async () => {
    dvid = await startDvid();
  });
  afterAll(() => dvid?.stop());

  dvidRunSuite("live", () => dvid, tally);
});
