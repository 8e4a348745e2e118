/** An evaluation as the original's configurations ask for it: everything on a DVID server (the stand-in), the result too. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createVolume, evaluateSegmentation, parseEvaluation, publishVolume } from "@axonloom/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiPath, type DvidConnection, openConnection } from "../src/store/dvid/http.ts";
import { createInstance } from "../src/store/dvid/instances.ts";
import { getKey, putKey } from "../src/store/dvid/key-value.ts";
import { createRepo } from "../src/store/dvid/repos.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";
import { temporaryFolder } from "./fixtures.ts";

let dvid: FakeDvid;
let connection: DvidConnection;
let root: string;

beforeAll(async () => {
  dvid = await startFakeDvid();
  connection = openConnection(dvid.url, { tokens: { bearer: null, admin: dvid.admin } });
  root = await createRepo(connection, "evaluations", "");
});
afterAll(async () => {
  await connection.close();
  await dvid.stop();
});

/** 64 x 64 x 64 voxels whose label depends on x. */
async function labels(name: string, labelOf: (x: number) => bigint): Promise<void> {
  const destination = `dvid://${dvid.host}/${root}/${name}`;
  const bounds = { start: [0, 0, 0], stop: [64, 64, 64] } as const;
  const volume = await createVolume(destination, { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [8, 8, 8] });
  await volume.write(bounds, { data: BigUint64Array.from({ length: 64 ** 3 }, (_, i) => labelOf(i % 64)), shape: [64, 64, 64] });
  await publishVolume(destination);
}

test("truth, segmentation, region, points and metrics on the server", async () => {
  await labels("gt", (x) => (x < 16 ? 1n : 2n));
  await labels("seg", () => 5n);
  await createInstance(connection, root, { typename: "roi", dataname: "half", BlockSize: "32,32,32" });
  const runs = [0, 1].flatMap((z) => [0, 1].map((y) => [z, y, 0, 0])); // x 0..32
  await connection.call({ method: "POST", path: apiPath("node", root, "half", "roi"), body: JSON.stringify(runs) });
  const points = {
    type: "synapse",
    "point-list": [
      [1, 1, 1, 1],
      [20, 1, 1],
      [40, 1, 1],
    ],
  };
  await putKey({ connection, uuid: root, instance: "annotations" }, "syn", JSON.stringify(points));

  const folder = temporaryFolder();
  const server = { "dvid-server": dvid.host, uuid: root };
  const raw = {
    "dvid-info": { ...server, "label-name": "gt", roi: "half", "point-lists": ["annotations/syn"], "stats-location": "v1.2" },
    "dvid-info-comp": { ...server, "label-name": "seg" },
    output: { destination: "out" },
    options: { "body-threshold": 0, "point-threshold": 0, "chunk-size": 32, "boundary-size": 0, "user-name": "me" },
  };
  const result = await evaluateSegmentation(parseEvaluation(raw, { baseFolder: folder }), { workers: 1 });
  // two equal halves of the region in one segment: one bit
  expect(result.comparisons.map(({ type, measures }) => [type, measures.size, measures.merge_vi])).toEqual([
    ["voxels:voxels", 32 * 64 * 64, 1],
    ["synapse:syn", 2, 1],
  ]);
  expect(result.connectivity[0]).toMatchObject({ connections: 1 });
  expect(result.warnings).toEqual([expect.stringContaining("synapse:syn: 1 of 3 points lie outside")]);

  const metrics = readFileSync(join(folder, "out", "metrics.json"), "utf8").trimEnd();
  const seconds = Math.floor(Date.parse(JSON.parse(metrics)["time-analyzed"]) / 1000);
  const kept = await getKey({ connection, uuid: root, instance: "seg-metrics" }, `v1__2--me--${seconds}`);
  expect(new TextDecoder().decode(kept!)).toBe(metrics);
});

test("a list of points that is not there", async () => {
  const raw = {
    input: { "ground-truth": `dvid://${dvid.host}/${root}/gt` },
    "dvid-info": { "dvid-server": dvid.host, uuid: root, "label-name": "gt", "point-lists": ["annotations/nosuch"] },
  };
  const config = parseEvaluation(raw, { baseFolder: temporaryFolder() });
  await expect(evaluateSegmentation(config)).rejects.toThrow(/expected key "nosuch" of the keyvalue instance "annotations"/);
});
