/**
 * Reads written volumes back with a decoder that follows the public descriptions alone, voxel by voxel, and shares no code with the
 * driver or the kernels:
 * https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md
 * https://github.com/google/neuroglancer/blob/master/src/sliceview/compressed_segmentation/README.md
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { box, shapeOf, type Vec3, volumeOf } from "../../geometry/box.ts";
import { allocate, type Block, type Dtype } from "../../volume/block.ts";
import { specOf, temporaryFolder } from "../contract.suite.ts";
import { createVolume, publishVolume } from "../index.ts";

type Xyz = [number, number, number];

/** One voxel, at absolute coordinates, of the finest scale. */
function voxelReader(folder: string): (x: number, y: number, z: number) => bigint {
  const info = JSON.parse(readFileSync(join(folder, "info"), "utf8"));
  const scale = info.scales[0];
  const [size, offset, chunkSize] = [scale.size as Xyz, scale.voxel_offset as Xyz, scale.chunk_sizes[0] as Xyz];
  const bytesPerVoxel = { uint8: 1, uint16: 2, uint32: 4, uint64: 8 }[info.data_type as string]!;
  const files = new Map<string, DataView>();

  function file(name: string): DataView {
    let view = files.get(name);
    if (view === undefined) {
      let bytes: Buffer;
      try {
        bytes = readFileSync(join(folder, scale.key, name));
      } catch {
        bytes = gunzipSync(readFileSync(join(folder, scale.key, `${name}.gz`)));
      }
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      files.set(name, view);
    }
    return view;
  }

  return (x, y, z) => {
    const at: Xyz = [x, y, z];
    const begin = at.map((v, a) => offset[a]! + Math.floor((v - offset[a]!) / chunkSize[a]!) * chunkSize[a]!) as Xyz;
    const end = begin.map((v, a) => Math.min(v + chunkSize[a]!, offset[a]! + size[a]!)) as Xyz;
    const view = file([0, 1, 2].map((a) => `${begin[a]}-${end[a]}`).join("_"));
    const [dx, dy] = [end[0] - begin[0], end[1] - begin[1]];
    const [px, py, pz] = [x - begin[0], y - begin[1], z - begin[2]];
    if (scale.encoding === "raw") return unsigned(view, (px + dx * (py + dy * pz)) * bytesPerVoxel, bytesPerVoxel);

    // compressed_segmentation: all offsets in 32-bit words
    const [bx, by, bz] = scale.compressed_segmentation_block_size as Xyz;
    const [gx, gy] = [Math.ceil(dx / bx), Math.ceil(dy / by)];
    const word = (index: number) => view.getUint32(4 * index, true);
    const channel = word(0);
    const block = Math.floor(px / bx) + gx * (Math.floor(py / by) + gy * Math.floor(pz / bz));
    const header = BigInt(word(channel + 2 * block)) | (BigInt(word(channel + 2 * block + 1)) << 32n);
    const tableOffset = Number(header & 0xffffffn);
    const bits = Number((header >> 24n) & 0xffn);
    const valuesOffset = Number(header >> 32n);
    const position = (px % bx) + bx * ((py % by) + by * (pz % bz));
    let index = 0;
    for (let bit = 0; bit < bits; bit++) {
      const p = position * bits + bit;
      const value = word(channel + valuesOffset + Math.floor(p / 32));
      index += ((value >>> (p % 32)) & 1) * 2 ** bit;
    }
    return unsigned(view, 4 * (channel + tableOffset) + index * bytesPerVoxel, bytesPerVoxel);
  };
}

function unsigned(view: DataView, at: number, bytes: number): bigint {
  let value = 0n;
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return value;
}

/** From uniform blocks to blocks with hundreds of labels, so that all widths of encoded values occur. */
function labels(dtype: Dtype, shape: Vec3): Block {
  const data = allocate(dtype, volumeOf(shape));
  const [, sy, sx] = shape;
  let state = 12345;
  for (let i = 0; i < data.length; i++) {
    const x = i % sx;
    const z = Math.floor(i / (sx * sy));
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const kinds = [1, 2, 4, 16, 300][Math.floor(x / 8) % 5]!;
    const label = 1 + (state % kinds) + 1000 * Math.floor(z / 8);
    if (data instanceof BigUint64Array) data[i] = (BigInt(label) << 40n) + BigInt(label * 7);
    else data[i] = label * 7;
  }
  return { data, shape };
}

test.each<[Dtype, Record<string, string | boolean>]>([
  ["uint64", {}],
  ["uint64", { gzip: true }],
  ["uint32", {}],
  ["uint64", { encoding: "raw" }],
  ["uint16", {}],
  ["uint8", { gzip: true }],
])("%s, options %j", async (dtype, options) => {
  const path = join(await temporaryFolder(), "v");
  const bounds = box([-5, 100, 7], [20, 119, 7 + 45]);
  const block = labels(dtype, shapeOf(bounds));
  await (await createVolume(path, specOf(dtype, bounds, { chunk: [16, 16, 32], options }))).write(bounds, block);
  await publishVolume(path);
  const read = voxelReader(path);
  let i = 0;
  let wrong = 0;
  for (let z = bounds.start[0]; z < bounds.stop[0]; z++)
    for (let y = bounds.start[1]; y < bounds.stop[1]; y++)
      for (let x = bounds.start[2]; x < bounds.stop[2]; x++) if (read(x, y, z) !== BigInt(block.data[i++]!)) wrong += 1;
  expect([i, wrong]).toEqual([25 * 19 * 45, 0]);
});
