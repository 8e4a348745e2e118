/** The page of DVID, from an empty server to a segmented volume, on the stand-in; what it leaves there is right. */
import { expect, onTestFinished } from "vitest";
import { tallyOf } from "../../core/test/dvid-capabilities.ts";
import { startFakeDvid } from "../../core/test/fake-dvid/index.ts";
import { runHowTo } from "./dvid-how-to.suite.ts";
import { axonloom, temporaryFolder } from "./harness.ts";

const { proves } = tallyOf("stand-in", "how-to", () => "this repository");

proves("how-to", "from an empty server to a segmented volume", async () => {
  const dvid = await startFakeDvid();
  onTestFinished(() => dvid.stop());
  await runHowTo(dvid);
  const { code, stdout } = await axonloom(["info", `dvid://${dvid.host}`, "--json"], temporaryFolder());
  expect(code).toBe(0);
  const [repo] = JSON.parse(stdout).repos;
  expect(repo.versions.map(({ committed, note }: { committed: boolean; note: string }) => [committed, note])).toEqual([
    [true, "grey values"],
    [true, "first segmentation"],
    [false, "first segmentation"],
  ]);
  const sizes = repo.instances.map((i: { name: string; type: string }) => [i.name, i.type]);
  expect(sizes).toEqual(
    expect.arrayContaining([
      ["grayscale", "uint8blk"],
      ["segmentation", "labelmap"],
    ]),
  );
});
