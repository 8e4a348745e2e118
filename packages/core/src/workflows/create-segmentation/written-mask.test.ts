import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Box, contains, shapeOf, volumeOf } from "../../geometry/box.ts";
import { parseRoi } from "../../geometry/roi.ts";
import { createVolume } from "../../store/index.ts";
import { digestVolume } from "../digest.ts";
import { writtenMask } from "./written-mask.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-mask-"));
});
afterAll(() => rm(folder, { recursive: true }));

const bounds: Box = { start: [0, 0, 0], stop: [70, 64, 100] };
const cores: Box[] = [
  { start: [0, 0, 0], stop: [64, 64, 64] },
  { start: [0, 0, 64], stop: [64, 64, 128] },
];
// A corner of 32 voxels is missing in the first core box; the second ends with the volume.
const roi = parseRoi([
  [0, 0, 1, 3],
  [0, 1, 0, 3],
  [1, 0, 0, 3],
  [1, 1, 0, 3],
  [2, 0, 0, 3],
]);
const plan = {
  subvolumes: cores.map((core, id) => ({ id, core, bordered: core })),
  roi,
  input: { source: "", info: { bounds } as never },
};

async function volumeWith(name: string, label: (z: number, y: number, x: number) => bigint): Promise<string> {
  const spec = { dtype: "uint64", kind: "labels", bounds, voxelSizeNm: [1, 1, 1] } as const;
  const store = await createVolume(`npy://${join(folder, name)}.npy`, spec);
  const [, ny, nx] = shapeOf(bounds);
  const at = (i: number) => label(Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx);
  const data = BigUint64Array.from({ length: volumeOf(shapeOf(bounds)) }, (_, i) => at(i));
  await store.write(bounds, { data, shape: shapeOf(bounds) });
  return store.source;
}

test("the digest of what a run wrote does not see what lies elsewhere", async () => {
  const isWritten = (z: number, y: number, x: number) =>
    z < 64 && contains(bounds, { start: [z, y, x], stop: [z + 1, y + 1, x + 1] }) && !(z < 32 && y < 32 && x < 32);
  const own = (z: number, y: number, x: number) => BigInt(1 + z + y + x);
  const empty = await volumeWith("empty", (z, y, x) => (isWritten(z, y, x) ? own(z, y, x) : 0n));
  const used = await volumeWith("used", (z, y, x) => (isWritten(z, y, x) ? own(z, y, x) : 99n));
  const plain = await digestVolume(empty);
  const masked = await digestVolume(used, { bounds, maskOf: (box) => writtenMask(plan, box) });
  expect(masked).toEqual(plain);
  expect((await digestVolume(used)).digest).not.toBe(plain.digest);
});
