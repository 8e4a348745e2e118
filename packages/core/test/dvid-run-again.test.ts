/** Runs into a DVID server (the stand-in) again, with other settings, and after others have worked there: ids, indices and scales stay right. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, expectWhole, newRepo, readLabels } from "./dvid-look.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallVolumeIn } from "./fixtures.ts";

const SHAPE = [96, 96, 96] as const;
let dvid: FakeDvid;
let folder: string;
let remove: () => void;
beforeAll(async () => {
  dvid = await startFakeDvid();
  ({ folder, remove } = smallVolumeIn());
});
afterAll(async () => {
  await dvid.stop();
  remove();
});

const source = (uuid: string) => `dvid://${dvid.host}/${uuid}/seg`;
const into = (uuid: string, runFolder: string, options: Record<string, unknown> = {}, rest = {}) => {
  const all = { "chunk-size": 64, border: 8, "checkpoint-dir": join(folder, runFolder), ...options };
  return configOf(folder, all, { output: { destination: source(uuid) }, ...rest });
};
/** More segments the smaller `pmin`. */
const seeds = (pmin: number) => ({
  segmentor: {
    configuration: {
      "predict-voxels": { function: "naive_membrane_predictions", parameters: { range: [0, 197] } },
      "create-supervoxels": { function: "create_supervoxels_with_wsdt", parameters: { pmin, minMembraneSize: 10 } },
    },
  },
});
async function idsIn(uuid: string): Promise<bigint[]> {
  const { data } = await readLabels(dvid, `node/${uuid}/seg`, SHAPE);
  return [...BigUint64Array.from(new Set(data)).sort()].filter((id) => id !== 0n);
}
const whole = (uuid: string) => expectWhole(dvid, `node/${uuid}/seg`, SHAPE);

test("ids of a run into an empty instance are its own: others get later ones, and it gets new ones when it needs more", async () => {
  const root = await newRepo(dvid);
  const few = await runSmall(into(root, "few", seeds(0.9)));
  const next = JSON.parse((await call(dvid, "POST", `node/${root}/seg/nextlabel/50`)).text) as { start: number; end: number };
  expect(next.start).toBeGreaterThan(few.summary.segments);
  const more = await runSmall(into(root, "few", { ...seeds(0.2), mutateseg: "yes" }));
  expect(more.summary.segments).toBeGreaterThan(few.summary.segments);
  expect((await idsIn(root))[0]).toBeGreaterThan(BigInt(next.end));
  await whole(root);
}, 180_000);

test("an empty instance gives the ids above label-offset, as a file does", async () => {
  const root = await newRepo(dvid);
  await runSmall(into(root, "offset", { ...seeds(0.9), "label-offset": "1000" }));
  const ids = await idsIn(root);
  expect(ids[0]).toBeGreaterThan(1000n);
  const { start } = JSON.parse((await call(dvid, "POST", `node/${root}/seg/nextlabel/1`)).text) as { start: number };
  expect(start).toBeGreaterThan(Number(ids.at(-1)));
}, 180_000);
