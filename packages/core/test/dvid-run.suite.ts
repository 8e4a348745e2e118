/**
 * A segmentation into a DVID server, and a second one in a new version that keeps proofread bodies: what must hold on any server. On a part of
 * FlyEM's small test stack, in a region of interest without corners.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createVolume, digestVolume, openVolume, parseConfig, publishVolume } from "@axonloom/core";
import { beforeAll, describe, expect } from "vitest";
import type { Tally } from "./dvid-capabilities.ts";
import {
  call,
  countedLines,
  expectWhole,
  indexLines,
  type LookedAt,
  mappingOf,
  newRepo,
  nextVersion,
  readLabels,
} from "./dvid-look.ts";
import { configOf, runSmall, temporaryFolder } from "./fixtures.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const STACK = join(resolve(process.env["AXONLOOM_DATA"] ?? join(ROOT, "../shared/data")), "flyem-262");
/** From voxel 64 of the stack on, on each axis. */
const SHAPE = [160, 160, 160] as const;

/** Blocks of 32 voxels: a cube from 0 to 128, without the block at each corner. */
const RUNS = [0, 1, 2, 3].flatMap((z) => {
  return [0, 1, 2, 3].map((y) => (z % 3 === 0 && y % 3 === 0 ? [z, y, 1, 2] : [z, y, 0, 3]));
});

function inFirstRoi(z: number, y: number, x: number): boolean {
  const [bz, by, bx] = [z >> 5, y >> 5, x >> 5];
  return RUNS.some(([rz, ry, from, to]) => rz === bz && ry === by && from! <= bx && bx <= to!);
}

const OPTIONS = { "chunk-size": 64, border: 16, "stitch-algorithm": "medium" };
const segmentor = (pmin: number, more: Record<string, unknown> = {}) => ({
  configuration: {
    "predict-voxels": { function: "naive_membrane_predictions", parameters: { range: [0, 197] } },
    "create-supervoxels": { function: "create_supervoxels_with_wsdt", parameters: { pmin, minMembraneSize: 1000 } },
    ...more,
  },
});

/** Visits all voxels; `i` is the place in an array of the volume. */
function eachVoxel(visit: (i: number, z: number, y: number, x: number) => void): void {
  let i = 0;
  for (let z = 0; z < SHAPE[0]; z++) for (let y = 0; y < SHAPE[1]; y++) for (let x = 0; x < SHAPE[2]; x++, i++) visit(i, z, y, x);
}

export function dvidRunSuite(name: string, server: () => LookedAt, { proves }: Pick<Tally, "proves">): void {
  describe.skipIf(!existsSync(STACK))(`${name}: a run, and one that keeps proofread bodies`, () => {
    let root: string;
    let first: Awaited<ReturnType<typeof runSmall>>;
    const node = (uuid: string) => `node/${uuid}/seg`;
    const source = (uuid: string, instance = "seg") => `dvid://${server().host}/${uuid}/${instance}`;

    beforeAll(async () => {
      root = await newRepo(server());
      const stack = await openVolume(`images://${STACK}`);
      const bounds = { start: [0, 0, 0], stop: SHAPE } as const;
      const gray = await stack.read({ start: [64, 64, 64], stop: [224, 224, 224] });
      const made = await createVolume(source(root, "gray"), { dtype: "uint8", kind: "image", bounds, voxelSizeNm: [8, 8, 8] });
      await made.write(bounds, gray);
      await publishVolume(source(root, "gray"));
    }, 120_000);

    proves("run", "the same digest as in files, right indices and scales, nothing outside the region of interest", async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "roi.json"), JSON.stringify(RUNS));
      const options = { ...OPTIONS, segmentor: segmentor(0.55) };
      const plain = await runSmall(
        configOf(folder, options, {
          roi: { file: "roi.json" },
          input: { source: source(root, "gray") },
          output: { destination: "precomputed://seg" },
        }),
      );
      // The paper's form: server, version and instances by name.
      await call(server(), "POST", `repo/${root}/instance`, JSON.stringify({ typename: "roi", dataname: "roi" }));
      await call(server(), "POST", `node/${root}/roi/roi`, JSON.stringify(RUNS));
      const names = {
        "dvid-server": server().host,
        uuid: root.slice(0, 12),
        grayscale: "gray",
        "segmentation-name": "seg",
        roi: "roi",
      };
      const paper = parseConfig(
        {
          "dvid-info": { ...names, "partition-method": "ask-dvid" },
          options: { ...options, "checkpoint-dir": join(folder, "dvid.run") },
        },
        { baseFolder: folder },
      );
      first = await runSmall(paper);
      expect(first.summary).toMatchObject({
        digest: plain.summary.digest,
        bodies: plain.summary.bodies,
        input: source(root, "gray"),
        output: source(root),
      });
      expect((await digestVolume(source(root))).digest).toBe(plain.summary.digest);
      expect(plain.summary.bodies).toBeGreaterThan(40);
      await expectWhole(server(), node(root), SHAPE);
      const { data } = await readLabels(server(), node(root), SHAPE);
      let outside = 0;
      eachVoxel((i, z, y, x) => {
        if (data[i] !== 0n && !inFirstRoi(z, y, x)) outside++;
      });
      expect(outside).toBe(0);

      const key = `node/${root}/seg_axonloom/key/run--${plain.summary.digest.slice(0, 16)}`;
      expect(JSON.parse((await call(server(), "GET", key)).text)).toMatchObject({
        digest: plain.summary.digest,
        read: source(root, "gray"),
        written: source(root),
        counts: { bodies: plain.summary.bodies, status: "complete" },
        configuration: { options: { "chunk-size": 64 } },
      });
      // Once more: nothing is left to do.
      const again = await runSmall(paper);
      expect(again.summary).toMatchObject({ digest: plain.summary.digest, output: source(root) });
      expect(again.events.some((event) => event.event === "stage-started" && event.stage === "index")).toBe(false);
    });

    proves(
      "run-preserved",
      "ten preserved bodies, one of three supervoxels, stay as they are in both views; the rest changes, the parent does not",
      async () => {
        const proofread = await nextVersion(server(), root);
        const sizes = new Map<bigint, number>();
        const before = await readLabels(server(), node(proofread), SHAPE);
        for (const id of before.data) if (id !== 0n) sizes.set(id, (sizes.get(id) ?? 0) + 1);
        const largest = [...sizes].sort((a, b) => b[1] - a[1]).map(([id]) => id);
        const [target, ...merged] = [largest[3]!, largest[5]!, largest[7]!];
        await call(server(), "POST", `${node(proofread)}/merge`, `[${[target, ...merged].join(",")}]`);
        const preserved = [...largest.filter((id) => !merged.includes(id)).slice(0, 9), largest[40]!];
        expect(preserved).toContain(target);
        const old = await readLabels(server(), node(proofread), SHAPE);
        const oldBelow = await readLabels(server(), node(proofread), SHAPE, { supervoxels: true });
        const parentIndex = await indexLines(server(), node(proofread));
        const parentDigest = (await digestVolume(source(proofread))).digest;

        const version = await nextVersion(server(), proofread);
        const folder = temporaryFolder();
        const names = { "dvid-server": server().host, uuid: proofread, "segmentation-name": "seg" };
        const keep = { "preserve-bodies": { ...names, bodies: preserved.map(String) } };
        // Not whole blocks: what lies around it in the same blocks stays.
        const roi = [
          [6, 2, 8],
          [86, 121, 126],
        ] as const;
        const config = configOf(
          folder,
          { ...OPTIONS, segmentor: segmentor(0.45, keep) },
          {
            roi: { box: roi },
            input: { source: source(version, "gray") },
            output: { destination: source(version) },
          },
        );
        const { summary, certificate } = await runSmall(config);
        expect(certificate["voxels-preserved-verified"]).toBeGreaterThan(50_000);

        const now = await readLabels(server(), node(version), SHAPE);
        const below = await readLabels(server(), node(version), SHAPE, { supervoxels: true });
        const kept = new Set(preserved);
        const highest = BigUint64Array.from(largest).sort().at(-1)!;
        const counts = { changedAbove: 0, changedBelow: 0, changedOutside: 0, unchangedInside: 0, preserved: 0, fresh: 0 };
        const supervoxelsOfTarget = new Set<bigint>();
        eachVoxel((i, z, y, x) => {
          const isInside = [x, y, z].every((n, a) => n >= roi[0][a]! && n < roi[1][a]!);
          if (!isInside) {
            if (now.data[i] !== old.data[i] || below.data[i] !== oldBelow.data[i]) counts.changedOutside++;
          } else if (kept.has(old.data[i]!)) {
            counts.preserved++;
            if (now.data[i] !== old.data[i]) counts.changedAbove++;
            if (below.data[i] !== oldBelow.data[i]) counts.changedBelow++;
            if (old.data[i] === target) supervoxelsOfTarget.add(below.data[i]!);
          } else if (now.data[i] !== 0n) {
            if (now.data[i]! > highest) counts.fresh++;
            else counts.unchangedInside++;
          }
        });
        expect(counts).toMatchObject({ changedAbove: 0, changedBelow: 0, changedOutside: 0, unchangedInside: 0 });
        expect(counts.preserved).toBe(certificate["voxels-preserved-verified"]);
        expect(counts.fresh).toBeGreaterThan(50_000);
        expect(supervoxelsOfTarget.size).toBe(3);
        await expectWhole(server(), node(version), SHAPE);

        // The parent reads as before.
        expect((await digestVolume(source(proofread))).digest).toBe(parentDigest);
        expect(await indexLines(server(), node(proofread))).toEqual(parentIndex);
        expect((await digestVolume(source(root))).digest).toBe(first.summary.digest);

        // The same labels in files: the digest is that of what the run wrote, ids aside from where they begin.
        const offset = now.data.reduce((a, b) => (b > highest && b < a ? b : a), 2n ** 60n) - 1n;
        const files = configOf(
          folder,
          {
            ...OPTIONS,
            segmentor: segmentor(0.45, keep),
            "label-offset": String(offset),
            "checkpoint-dir": join(folder, "files.run"),
          },
          { roi: { box: roi }, input: { source: source(root, "gray") }, output: { destination: "precomputed://seg" } },
        );
        const plain = await runSmall(files);
        expect(plain.summary).toMatchObject({ digest: summary.digest, bodies: summary.bodies });
      },
    );

    proves("run-proofreading", "what is written can be proofread: merge, cleave, sparse volume, sizes", async () => {
      const version = await nextVersion(server(), await leaf(server(), root));
      const at = node(version);
      const bodyOf = await mappingOf(server(), at);
      const below = await readLabels(server(), at, SHAPE, { supervoxels: true });
      const sizes = new Map<bigint, number>();
      for (const id of below.data) if (id !== 0n && bodyOf(id) === id) sizes.set(id, (sizes.get(id) ?? 0) + 1);
      const fresh = [...sizes].sort((a, b) => (a[0] < b[0] ? 1 : -1)).filter(([, size]) => size > 100);
      const [[a, sizeA], [b, sizeB]] = fresh as [[bigint, number], [bigint, number]];
      const size = async (id: bigint) => JSON.parse((await call(server(), "GET", `${at}/size/${id}`)).text).voxels;
      expect([await size(a), await size(b)]).toEqual([sizeA, sizeB]);
      await call(server(), "POST", `${at}/merge`, `[${a},${b}]`);
      expect(await size(a)).toBe(sizeA + sizeB);
      const runs = (await call(server(), "GET", `${at}/sparsevol/${a}`, "", { format: "srles" })).body;
      let [voxels, wrong] = [0, 0];
      for (let i = 0; i < runs.length; i += 16) {
        const [x, y, z, length] = [0, 4, 8, 12].map((o) => runs.readInt32LE(i + o)) as [number, number, number, number];
        voxels += length;
        for (let k = 0; k < length; k++) {
          const id = below.data[(z * SHAPE[1] + y) * SHAPE[2] + x + k];
          if (id !== a && id !== b) wrong++;
        }
      }
      expect({ voxels, wrong }).toEqual({ voxels: sizeA + sizeB, wrong: 0 });
      const cleaved = JSON.parse((await call(server(), "POST", `${at}/cleave/${a}`, `[${b}]`)).text).CleavedLabel;
      expect([await size(a), await size(BigInt(cleaved))]).toEqual([sizeA, sizeB]);
      const now = await readLabels(server(), at, SHAPE, { supervoxels: true });
      expect(await indexLines(server(), at)).toEqual(countedLines(now, await mappingOf(server(), at)));
    });
  });
}

/** The newest version of the main branch. */
async function leaf(server: LookedAt, root: string): Promise<string> {
  return (JSON.parse((await call(server, "GET", `repo/${root}/branch-versions/master`)).text) as string[])[0]!;
}
