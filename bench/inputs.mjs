/** Arrays for the benchmarks, made once from real data and kept as .npy (C order, z y x), so that programs in any language load the same. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createVolume, openVolume, publishVolume } from "@axonloom/core";
import { connectedComponents } from "@axonloom/kernels";

export const DATA = process.env["AXONLOOM_DATA"] ?? new URL("../../shared/data", import.meta.url).pathname;

const raw = (path, size, dtype) => `raw://${DATA}/${path}?shape=${size},${size},${size}&dtype=${dtype}`;

/** Name → how it is made; `get` gives another one. */
const RECIPES = {
  fib25_gray_f32: async () => converted(Float32Array, await read(`npy://${DATA}/fib25-training2/gray.npy.gz`)),
  fib25_membrane_u8: () => read(raw("fib25-training2/membrane_prob_derived.u8.raw.gz", 250, "uint8")),
  fib25_ws_u32: () => read(`npy://${DATA}/fib25-training2/ws.npy.gz`),
  fib25_gt_u32: () => read(`npy://${DATA}/fib25-training2/gt.npy.gz`),
  // 1 where the membrane probability is at most 0.2
  fib25_mask_u8: async (get) => mapped(Uint8Array, await get("fib25_membrane_u8"), (p) => (p <= 51 ? 1 : 0)),
  fib25_walls_u8: async (get) => mapped(Uint8Array, await get("fib25_membrane_u8"), (p) => (p <= 51 ? 0 : 1)),
  fib25_seeds_u32: async (get) => largeComponents(await get("fib25_mask_u8"), 5),
  pinky40_u32: () => read(raw("pinky40-512/labels.u32.raw.gz", 512, "uint32")),
  pinky40_u64: async (get) => mapped(BigUint64Array, await get("pinky40_u32"), BigInt),
  pinky40_cc_u32: async (get) => {
    const { data, shape } = await get("pinky40_u32");
    return { data: connectedComponents(data, shape).labels, shape };
  },
  // 4³ cubes of 64³ voxels from the middle, one after the other
  pinky256_cubes_u64: cubes,
  flyem262_gray_u8: () => read(`images://${DATA}/flyem-262`),
  flyem128_gray_u8: async (get) => middle(await get("flyem262_gray_u8"), 128),
  flyem262_gray_f32: async (get) => converted(Float32Array, await get("flyem262_gray_u8")),
  flyem256_labels_u64: async (get) => mapped(BigUint64Array, await get("flyem256_labels_u32"), BigInt),
  flyem256_labels_u32: () => read(`npy://${DATA}/flyem-262/wsdt-256.npy.gz`),
};

/** Makes what is missing of `names`; returns the folder. */
export async function makeInputs(folder, names) {
  if (!existsSync(DATA)) throw new Error(`${DATA} does not exist: name the folder of the real data in AXONLOOM_DATA`);
  await mkdir(folder, { recursive: true });
  const get = async (name) => {
    const path = join(folder, `${name}.npy`);
    if (!existsSync(path)) await save(path, await RECIPES[name](get));
    return await read(`npy://${path}`);
  };
  for (const name of names) if (!existsSync(join(folder, `${name}.npy`))) await get(name);
}

export async function loadInput(folder, name) {
  return await read(`npy://${join(folder, `${name}.npy`)}`);
}

async function read(source) {
  const store = await openVolume(source);
  return await store.read((await store.info()).bounds);
}

async function save(path, { data, shape }) {
  const dtype = { Uint8Array: "uint8", Uint32Array: "uint32", BigUint64Array: "uint64", Float32Array: "float32" }[
    data.constructor.name
  ];
  const bounds = { start: [0, 0, 0], stop: shape };
  const store = await createVolume(`npy://${path}`, { dtype, kind: "image", bounds, voxelSizeNm: [1, 1, 1] });
  await store.write(bounds, { data, shape });
  await publishVolume(`npy://${path}`);
}

function converted(Type, { data, shape }) {
  return { data: Type.from(data), shape };
}

function mapped(Type, { data, shape }, value) {
  const result = new Type(data.length);
  for (let i = 0; i < data.length; i++) result[i] = value(data[i]);
  return { data: result, shape };
}

function largeComponents({ data, shape }, least) {
  const { labels, count } = connectedComponents(data, shape);
  const sizes = new Uint32Array(count + 1);
  for (const label of labels) sizes[label] += 1;
  return { data: labels.map((label) => (sizes[label] < least ? 0 : label)), shape };
}

async function cubes(get) {
  const { data } = await get("pinky40_u32");
  const result = new BigUint64Array(256 ** 3);
  let at = 0;
  for (let cube = 0; cube < 64; cube++) {
    const [z0, y0, x0] = [cube >> 4, (cube >> 2) & 3, cube & 3].map((n) => 128 + 64 * n);
    for (let z = z0; z < z0 + 64; z++) {
      for (let y = y0; y < y0 + 64; y++) {
        for (let x = x0; x < x0 + 64; x++) result[at++] = BigInt(data[(z * 512 + y) * 512 + x]);
      }
    }
  }
  return { data: result, shape: [64 * 64, 64, 64] };
}

/** The cube of that edge in the middle. */
function middle({ data, shape: [nz, ny, nx] }, edge) {
  const from = [nz, ny, nx].map((n) => (n - edge) >> 1);
  const cube = new data.constructor(edge ** 3);
  for (let z = 0, out = 0; z < edge; z++) {
    for (let y = 0; y < edge; y++, out += edge) {
      const at = ((z + from[0]) * ny + y + from[1]) * nx + from[2];
      cube.set(data.subarray(at, at + edge), out);
    }
  }
  return { data: cube, shape: [edge, edge, edge] };
}
