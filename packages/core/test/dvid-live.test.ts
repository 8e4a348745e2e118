/**
 * The recordings and the contract of the stand-in against a real server (AXONLOOM_DVID): what the stand-in gives out as the server's
 * answers is the server's answers.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { contractSuite, withoutLogStore } from "./dvid-contract.suite.ts";
import { haveRecordings } from "./dvid-recordings.ts";
import { prepare, replaySuite } from "./dvid-replay.suite.ts";
import { type DvidServer, dvidAvailable, startDvid } from "./dvid-server.ts";

let dvid: DvidServer;
const { proves } = tallyOf("live", "server", () => dvid.version);

describe.skipIf(!dvidAvailable)("a live DVID server", () => {
  beforeAll(async () => {
    dvid = await startDvid();
  });
  afterAll(() => dvid?.stop());

  describe.skipIf(!haveRecordings)("replay", () => {
    beforeAll(() => prepare(dvid.url, dvid.admin));
    replaySuite("live", () => dvid, proves);
  });

  describe("contract", () => contractSuite("live", () => dvid, proves));

  test("it is there", () => expect(dvid.version).not.toBe(""));
});

describe.skipIf(!dvidAvailable)("a live DVID server without a log store", () => {
  proves("log-store", "a labelmap is refused", async () => {
    const bare = await startDvid({ logStore: false });
    onTestFinished(() => bare.stop());
    await withoutLogStore(bare);
  });
});
