/** The page of DVID on a real server (AXONLOOM_DVID). */
import { afterAll, beforeAll, describe } from "vitest";
import { tallyOf } from "../../core/test/dvid-capabilities.ts";
import { type DvidServer, dvidAvailable, startDvid } from "../../core/test/dvid-server.ts";
import { runHowTo } from "./dvid-how-to.suite.ts";

let dvid: DvidServer;

describe.skipIf(!dvidAvailable)("the how-to page and a live DVID server", () => {
  const { proves } = tallyOf("live", "how-to", () => dvid.version);
  beforeAll(async () => {
    dvid = await startDvid();
  });
  afterAll(() => dvid?.stop());

  proves("how-to", "from an empty server to a segmented volume", () => runHowTo(dvid));
});
