/** `axonloom train agglomeration` on real data, and what it refuses. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { axonloom, temporaryFolder } from "./harness.ts";

const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const gala = (name: string) => join(DATA, "gala", `train-${name}.npy.gz`);
const volumes = ["--supervoxels", gala("ws"), "--ground-truth", gala("gt")];

test.skipIf(!existsSync(join(DATA, "gala")))(
  "a forest, its error and the features that decide; JSON; a part of the volume",
  async () => {
    const folder = temporaryFolder();
    const train = ["train", "agglomeration", ...volumes, "--prediction", gala("p1"), "--trees", "51"];
    const table = await axonloom([...train, "--output", "forest.xml"], folder);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(/^edges +865 \(471 different, 394 the same\)$/m);
    expect(Number(/^out-of-bag error +(0\.\d+)$/m.exec(table.stdout)?.[1])).toBeLessThan(0.05);
    expect(table.stdout).toMatch(/^edge\.c0\.mean +0\.\d+$/m);
    expect(readFileSync(join(folder, "forest.xml"), "utf8")).toContain("<ntrees>51</ntrees>");

    const again = await axonloom([...train, "--output", "forest.xml"], folder);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/E_DESTINATION_EXISTS.*forest\.xml exists already/) });

    const part = await axonloom([...train, "--output", "half.xml", "--box", "0,0,0,200,100,25", "--json"], folder);
    expect(JSON.parse(part.stdout)).toMatchObject({ channels: 1, features: 35, rows: 610, warnings: [] });
  },
);

test("what is missing is said", async () => {
  const folder = temporaryFolder();
  const train = ["train", "agglomeration", ...volumes, "--output", "forest.xml"];
  for (const more of [[], ["--gray", "gray.npy"], ["--prediction", "p.npy", "--gray", "gray.npy", "--config", "run.yml"]]) {
    const { code, stderr } = await axonloom([...train, ...more], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/E_USAGE: expected either --prediction, once for each channel, or --gray with --config/);
  }
  expect(await axonloom(["train", "agglomeration"], folder)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--supervoxels/),
  });
});
