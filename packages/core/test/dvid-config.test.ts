/** What a configuration names on a DVID server beside volumes, on the stand-in: ROIs and lists of bodies. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVolume, openVolume, planRun, publishVolume } from "@axonloom/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBodyList } from "../src/store/dvid/body-list.ts";
import { apiPath, type DvidConnection, openConnection } from "../src/store/dvid/http.ts";
import { createInstance } from "../src/store/dvid/instances.ts";
import { putKey } from "../src/store/dvid/key-value.ts";
import { commitVersion, createRepo, createVersion } from "../src/store/dvid/repos.ts";
import { readDvidRoi } from "../src/store/dvid/roi.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallVolume } from "./fixtures.ts";

let dvid: FakeDvid;
let connection: DvidConnection;
let root: string;

beforeAll(async () => {
  dvid = await startFakeDvid();
  connection = openConnection(dvid.url, { tokens: { bearer: null, admin: dvid.admin } });
  root = await createRepo(connection, "rois", "");
});
afterAll(async () => {
  await connection.close();
  await dvid.stop();
});

type Runs = readonly (readonly [number, number, number, number])[];

async function makeRoi(name: string, runs: Runs, blockSize: string, version = root): Promise<string> {
  await createInstance(connection, version, { typename: "roi", dataname: name, BlockSize: blockSize });
  if (runs.length > 0) await postRoi(name, runs, version);
  return `dvid://${dvid.host}/${version}/${name}`;
}

async function postRoi(name: string, runs: Runs, version: string): Promise<void> {
  await connection.call({ method: "POST", path: apiPath("node", version, name, "roi"), body: JSON.stringify(runs) });
}

test("an ROI, with the block size that is its own", async () => {
  const runs: Runs = [
    [0, 0, 0, 1],
    [1, 2, 0, 0],
  ];
  expect(await readDvidRoi(await makeRoi("coarse", runs, "64,64,64"))).toEqual({ runs, blockSize: 64 });
  expect(await readDvidRoi(await makeRoi("fine", runs, "32,32,32"))).toEqual({ runs, blockSize: 32 });
});

test("a version shows its own ROI, a branch that of its newest version", async () => {
  const parent = await createRepo(connection, "branches", "");
  await makeRoi("r", [[0, 0, 0, 0]], "32,32,32", parent);
  await commitVersion(connection, parent, "");
  const child = await createVersion(connection, parent, { branch: null, note: "" });
  await postRoi("r", [[5, 5, 5, 5]], child);
  const runsAt = async (version: string) => (await readDvidRoi(`dvid://${dvid.host}/${version}/r`)).runs;
  expect(await runsAt(parent)).toEqual([[0, 0, 0, 0]]);
  expect(await runsAt(child)).toEqual([[5, 5, 5, 5]]);
  expect(await runsAt("branches:master")).toEqual([[5, 5, 5, 5]]);
});

test("what is no ROI, an empty one, one of flat blocks, a missing one", async () => {
  await createInstance(connection, root, { typename: "keyvalue", dataname: "kv" });
  const source = (name: string, version = root) => `dvid://${dvid.host}/${version}/${name}`;
  for (const [name, code] of [
    [source("kv"), "E_DVID_INSTANCE"],
    [await makeRoi("flat", [[0, 0, 0, 0]], "64,64,16"), "E_DVID_INSTANCE"],
    [await makeRoi("empty", [], "32,32,32"), "E_ROI_INVALID"],
    [source("nosuch"), "E_SOURCE_NOT_FOUND"],
    [source("kv", "ffff"), "E_DVID_VERSION"],
    [`dvid://${dvid.host}/${root}`, "E_SOURCE_NAME"],
  ] as const) {
    await expect(readDvidRoi(name), name).rejects.toMatchObject({ code });
  }
});

test("an answer that is cut is asked for again", async () => {
  const name = await makeRoi("cut", [[0, 0, 0, 0]], "32,32,32");
  const isRoi = ({ path }: { readonly path: string }) => path.endsWith("/cut/roi");
  dvid.faults.add({ kind: "half-answer", when: isRoi, times: 1 });
  expect((await readDvidRoi(name)).runs).toEqual([[0, 0, 0, 0]]);
  expect(dvid.requests.filter((request) => isRoi(request) && request.method === "GET")).toHaveLength(2);
});

test("a plan with it is that with the same runs in a file", async () => {
  const folder = smallVolume();
  const runs: Runs = [
    [0, 0, 0, 1],
    [1, 1, 0, 0],
    [2, 2, 2, 2],
  ];
  writeFileSync(join(folder, "roi.json"), JSON.stringify(runs));
  const options = { "chunk-size": 32 };
  const fromFile = await planRun(configOf(folder, options, { roi: { file: "roi.json" } }));
  const fromServer = await planRun(configOf(folder, options, { roi: { dvid: await makeRoi("small", runs, "32,32,32") } }));
  expect(fromServer.voxelsExpected).toBe(4 * 32 ** 3);
  expect({ roi: fromServer.roi, subvolumes: fromServer.subvolumes }).toEqual({
    roi: fromFile.roi,
    subvolumes: fromFile.subvolumes,
  });
});

test("lists of bodies in a keyvalue instance", async () => {
  const source = `dvid://${dvid.host}/${root}/segmentation`;
  const put = async (value: string) => await putKey({ connection, uuid: root, instance: "lists" }, "proofread", value);
  const read = async () => await readBodyList(source, "lists/proofread");
  await expect(read()).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  await put('[9007199254740993, 7, "18446744073709551615", 7]');
  expect(await read()).toEqual([7n, 9007199254740993n, 18446744073709551615n]);
  await put("[]");
  expect(await read()).toEqual([]);
  for (const value of ["7 8 9", "7", '{"bodies": [7]}', "[0]", "[-1]", "[1.5]", '["x"]', "[18446744073709551616]", "[[7]]"]) {
    await put(value);
    await expect(read(), value).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
  }
});

test("the paper's file as it stands: the labels of a run from files and into files, and bodies kept from a list", async () => {
  const folder = smallVolume();
  const runs: Runs = [
    [0, 0, 1, 2],
    [0, 1, 0, 2],
    [1, 0, 0, 2],
    [1, 2, 0, 1],
    [2, 1, 1, 1],
  ];
  writeFileSync(join(folder, "roi.json"), JSON.stringify(runs));
  const options = { "chunk-size": 64, border: 8 };
  const files = await runSmall(configOf(folder, options, { roi: { file: "roi.json" } }));

  const gray = await openVolume(join(folder, "gray.npy"));
  const { bounds } = await gray.info();
  const name = (instance: string) => `dvid://${dvid.host}/${root}/${instance}`;
  const made = await createVolume(name("grayscale"), { dtype: "uint8", kind: "image", bounds, voxelSizeNm: [8, 8, 8] });
  await made.write(bounds, await gray.read(bounds));
  await publishVolume(name("grayscale"));
  await makeRoi("seven_column", runs, "32,32,32");
  const paper = {
    input: undefined,
    output: undefined,
    "dvid-info": {
      "dvid-server": dvid.host,
      uuid: root.slice(0, 12),
      roi: "seven_column",
      grayscale: "grayscale",
      "segmentation-name": "segmented",
    },
  };
  const { summary } = await runSmall(configOf(folder, { ...options, "checkpoint-dir": join(folder, "dvid.run") }, paper));
  expect(summary).toMatchObject({
    status: "complete",
    digest: files.summary.digest,
    input: name("grayscale"),
    output: name("segmented"),
  });
  expect(summary.bodies).toBeGreaterThan(5);

  await putKey({ connection, uuid: root, instance: "lists" }, "kept", "[5, 3]");
  const kept = { "dvid-server": dvid.host, uuid: "rois:master", "segmentation-name": "segmented", from: "lists/kept" };
  const segmentor = { configuration: { "preserve-bodies": kept } };
  const plan = await planRun(configOf(folder, { ...options, segmentor }, { output: { destination: "precomputed://second" } }));
  expect(plan.preserved).toEqual({ source: name("segmented"), bodies: BigUint64Array.of(3n, 5n) });
}, 120_000);
