/**
 * Whose volume it is in a version of a DVID server (the stand-in), from the first look to the commit: nobody loses labels to a run that did not
 * say so, and what a version says of itself stays right.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createVolume, localEngineFactory, newDvidVersion, openVolume, publishVolume, type RunEvent } from "@axonloom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, expectWhole, newRepo, nextVersion, readLabels } from "./dvid-look.ts";
import { type FakeDvid, type SeenRequest, startFakeDvid } from "./fake-dvid/index.ts";
import { configOf, runSmall, smallVolumeIn } from "./fixtures.ts";

const SHAPE = [96, 96, 96] as const;
const OPTIONS = { "chunk-size": 64, border: 8 };

let dvid: FakeDvid;
let folder: string;
let remove: () => void;
beforeAll(async () => {
  dvid = await startFakeDvid();
  ({ folder, remove } = smallVolumeIn());
  // Segmented once for all runs.
  await runSmall(into("precomputed://segmentation", "a"));
  for (const other of ["b", "c"]) cpSync(join(folder, "a"), join(folder, other), { recursive: true });
}, 180_000);
afterAll(async () => {
  await dvid.stop();
  remove();
});

const source = (uuid: string, instance = "seg") => `dvid://${dvid.host}/${uuid}/${instance}`;
const into = (destination: string, run: string, options: Record<string, unknown> = {}) =>
  configOf(folder, { ...OPTIONS, "checkpoint-dir": join(folder, run), ...options }, { output: { destination } });
const labelsOf = async (uuid: string) => (await readLabels(dvid, `node/${uuid}/seg`, SHAPE)).data;
const sent = (endpoint: string) => (seen: SeenRequest) => seen.method === "POST" && seen.path.split("/").includes(endpoint);
const markerOf = async (uuid: string) =>
  JSON.parse((await call(dvid, "GET", `node/${uuid}/seg_axonloom/key/run`)).text) as Record<string, unknown>;
const writeMarker = async (uuid: string, marker: unknown) =>
  void (await call(dvid, "POST", `node/${uuid}/seg_axonloom/key/run`, JSON.stringify(marker)));
const local = localEngineFactory({ workers: 2, coresPerTask: 1 });
/** An engine that is there only after something else has happened: between the first look and the first task. */
const after =
  (happening: () => Promise<unknown>): typeof local =>
  async (options) => {
    await happening();
    return await local(options);
  };

async function expectNothingWritten(run: () => Promise<unknown>, expected: Record<string, unknown>): Promise<void> {
  const from = dvid.requests.length;
  await expect(run()).rejects.toMatchObject(expected);
  expect(dvid.requests.slice(from).filter(({ method }) => method !== "GET")).toEqual([]);
}

describe("two runs, one version", () => {
  test("auto: what another has finished since the first look stays", async () => {
    const root = await newRepo(dvid);
    await runSmall(into(source(root), "a"));
    // B looks at an empty version, A fills it then.
    const version = await newRepo(dvid);
    const engine = after(() => runSmall(into(source(version), "a")));
    await expect(runSmall(into(source(version), "b"), { engine })).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
    expect(await labelsOf(version)).toEqual(await labelsOf(root));
    await expectWhole(dvid, `node/${version}/seg`, SHAPE);
    expect(await markerOf(version)).toMatchObject({ state: "done" });
  });

  test("auto: labels written by hand since the first look stay", async () => {
    const root = await newRepo(dvid);
    const bounds = { start: [0, 0, 0], stop: [64, 64, 64] } as const;
    const byHand = async () => {
      await createVolume(source(root), { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [8, 8, 8] });
      const volume = await openVolume(source(root));
      await volume.write(bounds, { data: new BigUint64Array(64 ** 3).fill(7n), shape: [64, 64, 64] });
      await publishVolume(source(root));
    };
    const run = runSmall(into(source(root), "b"), { engine: after(byHand) });
    await expect(run).rejects.toMatchObject({ code: "E_DESTINATION_EXISTS" });
    expect(new Set((await readLabels(dvid, `node/${root}/seg`, [64, 64, 64])).data)).toEqual(new Set([7n]));
  });

  test("mutateseg: no: labels of an earlier version that came since the first look, or under a run that began with auto", async () => {
    const root = await newRepo(dvid);
    await call(dvid, "POST", `repo/${root}/instance`, JSON.stringify({ typename: "labelmap", dataname: "seg" }));
    await call(dvid, "POST", `node/${root}/commit`, "{}");
    const branch = async (name: string) =>
      (JSON.parse((await call(dvid, "POST", `node/${root}/branch`, JSON.stringify({ branch: name }))).text) as { child: string })
        .child;
    const [one, two] = [await branch("one"), await branch("two")];
    const engine = after(() => runSmall(into(source(one), "a")));
    await expect(runSmall(into(source(two), "b", { mutateseg: "no" }), { engine })).rejects.toMatchObject({
      code: "E_DESTINATION_EXISTS",
    });
    dvid.faults.add({ kind: "answer", status: 500, when: sent("indices") });
    await expect(runSmall(into(source(two), "c"))).rejects.toThrow();
    await expectNothingWritten(() => runSmall(into(source(two), "c", { mutateseg: "no" })), { code: "E_DESTINATION_EXISTS" });
  });

  test("two that look at once: the one whose mark does not stand stops before its first block", async () => {
    const root = await newRepo(dvid);
    const key = (seen: SeenRequest) => seen.path.endsWith(`${root}/seg_axonloom/key/run`);
    let marked = false;
    let overwritten: Promise<void> | null = null;
    // Another's mark comes between one's own and the look at it.
    const between = (seen: SeenRequest) => {
      if (!key(seen) || overwritten !== null) return false;
      if (seen.method === "POST") marked = true;
      if (!marked || seen.method !== "GET") return false;
      const bounds = { start: [0, 0, 0], stop: SHAPE };
      overwritten = writeMarker(root, { version: root, owner: "another", state: "writing", bounds, before: null });
      return true;
    };
    dvid.faults.add({ kind: "slow", ms: 500, when: between });
    const from = dvid.requests.length;
    await expect(runSmall(into(source(root), "b"))).rejects.toMatchObject({
      code: "E_DESTINATION_EXISTS",
      message: expect.stringContaining("begun here by another"),
    });
    expect(overwritten).not.toBeNull();
    await overwritten;
    expect(dvid.requests.slice(from).filter(sent("blocks"))).toEqual([]);
  });

  test.each(["the blocks", "a coarser level", "the index"])(
    "mutateseg: yes takes the place of a run that is at work; that one stops at its next task (%s)",
    async (moment) => {
      const root = await newRepo(dvid);
      const when = {
        "the blocks": sent("blocks"),
        "a coarser level": (seen: SeenRequest) => sent("blocks")(seen) && seen.query["scale"] === "1",
        "the index": sent("indices"),
      }[moment]!;
      let taken: Promise<void> | null = null;
      const take = (seen: SeenRequest) => {
        if (taken === null && seen.path.includes(root) && when(seen))
          taken = markerOf(root).then((marker) => writeMarker(root, { ...marker, owner: "another" }));
        return false;
      };
      dvid.faults.add({ kind: "slow", ms: 0, when: take });
      try {
        await expect(runSmall(into(source(root), "a"), { workers: 1 })).rejects.toMatchObject({
          code: "E_DESTINATION_EXISTS",
          message: expect.stringContaining("another"),
        });
      } finally {
        dvid.faults.clear();
      }
      await taken;
      expect(await markerOf(root)).toMatchObject({ owner: "another", state: "writing" });
      // It does not go on by itself, and takes nothing back.
      await expectNothingWritten(() => runSmall(into(source(root), "a")), { code: "E_DESTINATION_EXISTS" });
    },
  );

  test("a publishing that a crash broke off, whose volume is another's now: refused as such", async () => {
    const root = await newRepo(dvid);
    dvid.faults.add({ kind: "answer", status: 500, when: sent("extents") });
    await expect(runSmall(into(source(root), "a"))).rejects.toThrow(/500/);
    await writeMarker(root, { ...(await markerOf(root)), owner: "another", state: "done" });
    await expectNothingWritten(() => runSmall(into(source(root), "a")), { code: "E_DESTINATION_EXISTS" });
  });
});

describe("instances in which nothing can be written safely", () => {
  const made = async (settings: Record<string, string>) => {
    const root = await newRepo(dvid);
    await call(dvid, "POST", `repo/${root}/instance`, JSON.stringify({ typename: "labelmap", dataname: "seg", ...settings }));
    return root;
  };

  test("one without versions, one that counts no ids, one whose voxels came without ids that are counted", async () => {
    const refused = (root: string, why: RegExp, mutateseg = "auto") =>
      expectNothingWritten(() => runSmall(into(source(root), "b", { mutateseg })), {
        code: "E_DVID_INSTANCE",
        message: expect.stringMatching(why),
      });
    await refused(await made({ versioned: "0" }), /not versioned/);
    await refused(await made({ IndexedLabels: "false" }), /IndexedLabels/);
    const silent = await made({});
    const extents = { MinPoint: [0, 0, 0], MaxPoint: [63, 63, 63] };
    await call(dvid, "POST", `node/${silent}/seg/extents`, JSON.stringify(extents));
    await refused(silent, /maxlabel/);
    await refused(await nextVersion(dvid, silent), /maxlabel/, "yes");
  });

  test("ids from 2^48 on are refused before the output is begun", async () => {
    const root = await newRepo(dvid);
    const run = () => runSmall(into(source(root), "b", { "label-offset": String(2n ** 48n - 10n) }));
    await expectNothingWritten(run, { code: "E_CONFIG_INVALID", message: expect.stringContaining("label-offset") });
  });
});

describe("the end", () => {
  test("a version in which a run is writing is not committed; a finished run says so ever after", async () => {
    const root = await newRepo(dvid);
    dvid.faults.add({ kind: "answer", status: 500, when: sent("indices") });
    await expect(runSmall(into(source(root), "a"))).rejects.toThrow(/500/);
    await expectNothingWritten(() => newDvidVersion(`dvid://${dvid.host}/${root}`, { commit: true }), {
      code: "E_DVID_VERSION",
      message: expect.stringContaining(source(root)),
    });
    const { summary, certificate } = await runSmall(into(source(root), "a"));
    await newDvidVersion(`dvid://${dvid.host}/${root}`, { commit: true });
    const from = dvid.requests.length;
    const again = await runSmall(into(source(root), "a"));
    expect(again.summary).toEqual(summary);
    expect(again.certificate).toEqual(certificate);
    expect(again.events).toContainEqual({
      event: "warning",
      message: expect.stringContaining(`run--${summary.digest.slice(0, 16)}`),
    });
    expect(dvid.requests.slice(from).filter(({ method }) => method !== "GET")).toEqual([]);
    // Another configuration, or a fresh start, is another run.
    const other = into(source(root), "a", { border: 16 });
    await expectNothingWritten(() => runSmall(other), { code: "E_DVID_LOCKED" });
    await expectNothingWritten(() => runSmall(into(source(root), "a"), { fresh: true }), { code: "E_DVID_LOCKED" });
  });

  test("checked, and recorded, before it is marked as done: a voxel that changed meanwhile ends the run", async () => {
    const root = await newRepo(dvid);
    const states: string[] = [];
    const look = (seen: SeenRequest) => {
      if (sent("key")(seen) && seen.path.includes(root)) states.push(seen.path.split("/").at(-1)!);
      return false;
    };
    dvid.faults.add({ kind: "slow", ms: 0, when: look });
    await runSmall(into(source(root), "a"));
    dvid.faults.clear();
    const kinds = states.map((key) => key.slice(0, 5));
    expect(kinds.filter((kind, i) => kind !== kinds[i - 1])).toEqual(["run", "forme", "run--", "run"]);

    const spoilt = await newRepo(dvid);
    const zeros = new Uint8Array(64 ** 3 * 8);
    let armed = false;
    let changed: Promise<unknown> | null = null;
    const whenRead = (seen: SeenRequest) => {
      if (!armed || changed !== null || seen.method !== "GET" || !seen.path.includes(`${spoilt}/seg/blocks`)) return false;
      changed = call(dvid, "POST", `node/${spoilt}/seg/raw/0_1_2/64_64_64/0_0_0`, zeros, { mutate: "true" });
      return true;
    };
    dvid.faults.add({ kind: "slow", ms: 1000, when: whenRead });
    const onEvent = (event: RunEvent) => {
      if (event.event === "stage-finished" && event.stage === "index") armed = true;
    };
    await expect(runSmall(into(source(spoilt), "a"), { onEvent })).rejects.toMatchObject({ code: "E_VERIFY_FAILED" });
    expect(changed).not.toBeNull();
    await changed;
    expect(await markerOf(spoilt)).toMatchObject({ state: "writing" });
  });

  test("the extents keep what somebody else has written beyond the volume meanwhile", async () => {
    const root = await newRepo(dvid);
    const elsewhere = new Uint8Array(64 ** 3 * 8).fill(1);
    const bounds = { start: [0, 0, 0], stop: [100, 100, 100] } as const;
    const store = await createVolume(source(root), { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [8, 8, 8] });
    await store.write(bounds, { data: new BigUint64Array(1e6).fill(3n), shape: [100, 100, 100] });
    await call(dvid, "POST", `node/${root}/seg/raw/0_1_2/64_64_64/128_64_192`, elsewhere);
    const published = await publishVolume(source(root));
    expect((await published.info()).bounds).toEqual({ start: [0, 0, 0], stop: [256, 100, 192] });
  });
});
