/** Runs into a DVID server (the stand-in) again, with other settings, and after others have worked there: ids, indices and scales stay right. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, expectWhole, newRepo, nextVersion, readLabels } from "./dvid-look.ts";
import { type FakeDvid, type SeenRequest, startFakeDvid } from "./fake-dvid/index.ts";
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
const seeds = (pmin: number, more: Record<string, unknown> = {}) => ({
  segmentor: {
    configuration: {
      "predict-voxels": { function: "naive_membrane_predictions", parameters: { range: [0, 197] } },
      "create-supervoxels": { function: "create_supervoxels_with_wsdt", parameters: { pmin, minMembraneSize: 10 } },
      ...more,
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

/** A first version with labels everywhere, and a second in which a run has written a part, but no index, when it ended. */
async function halfWritten(): Promise<{ readonly version: string; readonly roi: Record<string, unknown> }> {
  const root = await newRepo(dvid);
  await runSmall(into(root, "half"));
  const version = await nextVersion(dvid, root);
  const roi = {
    roi: {
      box: [
        [0, 0, 0],
        [60, 96, 96],
      ],
    },
  };
  dvid.faults.add({
    kind: "answer",
    status: 500,
    when: (seen: SeenRequest) => seen.method === "POST" && seen.path.endsWith("/indices"),
  });
  await expect(runSmall(into(version, "half", {}, roi))).rejects.toThrow(/indices/);
  return { version, roi };
}

test.each([
  ["larger subvolumes", "half", { "chunk-size": 128 }, {}],
  [
    "a smaller ROI",
    "half",
    {},
    {
      roi: {
        box: [
          [0, 0, 0],
          [60, 96, 60],
        ],
      },
    },
  ],
  ["another run folder that may write over it", "another", { mutateseg: "yes" }, {}],
])(
  "what a broken run left is put right by one with %s",
  async (_, runFolder, options, rest) => {
    const { version, roi } = await halfWritten();
    const again = await runSmall(into(version, runFolder, options, { ...roi, ...rest }));
    expect(again.summary.status).toBe("complete");
    await whole(version);
    const notes = JSON.parse((await call(dvid, "GET", `node/${version}/seg_axonloom/keyrange/former/former~`)).text);
    expect(notes).toEqual([]);
  },
  180_000,
);

test("what a broken run left in a version that was committed is put right in the next one", async () => {
  const { version, roi } = await halfWritten();
  const next = await nextVersion(dvid, version);
  await runSmall(into(next, "half", { "chunk-size": 128 }, roi));
  await whole(next);
}, 180_000);

test("a run again after others have merged its bodies: new ids, which nobody has merged", async () => {
  const root = await newRepo(dvid);
  await runSmall(into(root, "half"));
  const ids = await idsIn(root);
  await call(dvid, "POST", `node/${root}/seg/merge`, JSON.stringify(ids.slice(0, 2).map(Number)));
  const { summary } = await runSmall(into(root, "half", { mutateseg: "yes" }));
  expect((await idsIn(root))[0]).toBeGreaterThan(ids.at(-1)!);
  expect((await idsIn(root)).length).toBe(summary.bodies);
  await whole(root);
}, 180_000);

test("merged while the run is not finished: what others did stays, and the index is that of their bodies", async () => {
  const root = await newRepo(dvid);
  dvid.faults.add({
    kind: "answer",
    status: 500,
    when: (seen: SeenRequest) => seen.method === "POST" && seen.path.endsWith("/extents"),
  });
  await expect(runSmall(into(root, "half"))).rejects.toThrow(/extents/);
  const [first, second] = await idsIn(root);
  await call(dvid, "POST", `node/${root}/seg/merge`, `[${first},${second}]`);
  await runSmall(into(root, "half", { "chunk-size": 128 }));
  await whole(root);
}, 180_000);

test("a gap keeps what lies there; a repaired run writes it", async () => {
  const bad = (body: string) => {
    const code = `export function bad({ gray, shape, subvolume }) {\n${body}\nreturn { data: Float32Array.from(gray, (g) => Math.max(0, 1 - g / 197)), shape: [...shape, 1] };\n}\n`;
    writeFileSync(join(folder, "bad.mjs"), code);
    return { segmentor: { configuration: { "predict-voxels": { function: "./bad.mjs:bad" } } } };
  };
  const root = await newRepo(dvid);
  await runSmall(into(root, "half"));
  const before = await readLabels(dvid, `node/${root}/seg`, SHAPE);
  const version = await nextVersion(dvid, root);
  const fails = bad("if (subvolume === 7) throw new Error('it fails');");
  const { summary, certificate } = await runSmall(into(version, "gap", fails));
  expect(summary).toMatchObject({ status: "incomplete", quarantined: 1 });
  expect(certificate).toMatchObject({ "voxels-written": 96 ** 3 - 32 ** 3 });
  const after = await readLabels(dvid, `node/${version}/seg`, SHAPE);
  const inGap = (i: number) => i % 96 >= 64 && Math.floor(i / 96) % 96 >= 64 && i >= 64 * 96 * 96;
  expect(after.data.findIndex((id, i) => (id === before.data[i]) !== (inGap(i) || (id === 0n && before.data[i] === 0n)))).toBe(-1);
  await whole(version);
  expect((await runSmall(into(version, "gap", bad("")))).summary.status).toBe("complete");
  const repaired = await readLabels(dvid, `node/${version}/seg`, SHAPE);
  expect(repaired.data.findIndex((id, i) => inGap(i) && id !== 0n && id === before.data[i])).toBe(-1);
  await whole(version);
}, 180_000);

test("preserved bodies that consist of other supervoxels in the written version are refused before a block is sent", async () => {
  const root = await newRepo(dvid);
  await runSmall(into(root, "half"));
  const [a, b, c] = (await idsIn(root)) as [bigint, bigint, bigint];
  await call(dvid, "POST", `node/${root}/seg/merge`, `[${a},${b}]`);
  const cleaved = await nextVersion(dvid, root);
  await call(dvid, "POST", `node/${cleaved}/seg/cleave/${a}`, `[${b}]`);
  const keep = (from: string) => seeds(0.9, { "preserve-bodies": { source: source(from), bodies: [a, c].map(String) } });
  const next = await nextVersion(dvid, cleaved);
  const from = dvid.requests.length;
  await expect(runSmall(into(next, "kept", keep(root)))).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: expect.stringMatching(new RegExp(`found others for ${a}:`)),
  });
  expect(dvid.requests.slice(from).filter(({ method }) => method !== "GET")).toEqual([]);
  expect((await runSmall(into(next, "kept", keep(cleaved)))).certificate["voxels-preserved-verified"]).toBeGreaterThan(0);
  await whole(next);
}, 180_000);
