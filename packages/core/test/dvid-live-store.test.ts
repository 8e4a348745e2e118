/** The driver `dvid` on a real server (AXONLOOM_DVID). */
import { afterAll, beforeAll, describe } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { type DvidServer, dvidAvailable, startDvid } from "./dvid-server.ts";
import { dvidStoreSuite } from "./dvid-store.suite.ts";

let dvid: DvidServer;

describe.skipIf(!dvidAvailable)("the driver and a live DVID server", () => {
  tallyOf("live", "store", () => dvid.version).provesAll("driver");
  beforeAll(async () => {
    dvid = await startDvid();
  });
  afterAll(() => dvid?.stop());

  dvidStoreSuite("live", () => dvid);
});
