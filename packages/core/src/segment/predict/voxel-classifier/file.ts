/**
 * The file of a voxel classifier: JSON, one key a line, numbers of the forest as base64 of little-endian arrays.
 *
 *     { "format": …, "version": 1, "engine", "features", "channels", "classes", "training", "forest": { … }, "sha256": … }
 *
 * `sha256` is that of the bytes before its line. Equal classifiers have equal bytes. Described in docs/how-to/train-voxels.md.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { type FlatForest, KernelError, PIXEL_FILTERS, type PixelFeature, packFlatForest } from "@axonloom/kernels";
import { z } from "zod";
import type { CallOptions } from "../../../call-options.ts";
import { readFailure } from "../../../store/files.ts";
import { modelError, type PixelModel, planFeatures, trainedChannels } from "../ilastik/model.ts";

const FORMAT = "axonloom voxel classifier";
const VERSION = 1;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const schema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  engine: z.enum(["vigra", "fastfilters"]),
  features: z.array(z.strictObject({ filter: z.enum(PIXEL_FILTERS), sigma: z.number().positive(), flat: z.boolean() })).min(1),
  channels: z.int().positive(),
  classes: z.array(z.string()).min(2).max(255),
  training: z.strictObject({
    seed: z.int().min(0),
    samples: z.array(z.int().positive()),
    outOfBagErrors: z.array(z.number().min(0).max(1)),
  }),
  forest: z.strictObject({
    columns: z.int().positive(),
    roots: base64,
    column: base64,
    threshold: base64,
    child: base64,
    leaves: base64,
  }),
});

export interface VoxelClassifier {
  readonly engine: "vigra" | "fastfilters";
  readonly features: readonly PixelFeature[];
  /** Of the image; 1 = grey values. */
  readonly channels: number;
  /** Names, by channel of the result. */
  readonly classes: readonly string[];
  /** What it was trained with, by class; for people. */
  readonly training: {
    readonly seed: number;
    readonly samples: readonly number[];
    readonly outOfBagErrors: readonly number[];
  };
  readonly forest: FlatForest;
}

/** The text of the file. */
export function formatVoxelClassifier(classifier: VoxelClassifier): string {
  const { engine, features, channels, classes, training, forest } = classifier;
  const { columns, roots, threshold, child, leaves } = forest;
  const arrays = { roots, column: Uint16Array.from(forest.column), threshold, child, leaves };
  const encoded = Object.entries(arrays).map(([name, array]) => [name, encode(array)]);
  const content: z.infer<typeof schema> = {
    format: FORMAT,
    version: VERSION,
    engine,
    features: features.map(({ filter, sigma, flat }) => ({ filter, sigma, flat })),
    channels,
    classes: [...classes],
    training: { seed: training.seed, samples: [...training.samples], outOfBagErrors: [...training.outOfBagErrors] },
    forest: { columns, ...Object.fromEntries(encoded) },
  };
  const lines = Object.entries(content).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  const text = `{\n${lines.join("")}`;
  return `${text}"sha256": "${sha256(text)}"\n}\n`;
}

/**
 * Reads a classifier. Throws `E_SOURCE_NOT_FOUND`, `E_SOURCE_READ`, `E_SOURCE_UNSUPPORTED` (another kind of file, a newer version, features
 * that cannot be computed) or `E_SOURCE_DAMAGED`.
 */
export async function readVoxelClassifier(path: string, options: CallOptions = {}): Promise<PixelModel> {
  const text = await readFile(path, { encoding: "utf8", ...options }).catch((error: unknown) => {
    throw readFailure(path, path, error, options);
  });
  return modelOf(parseVoxelClassifier(text, path), path);
}

/** `path`: for error texts. */
export function parseVoxelClassifier(text: string, path: string): VoxelClassifier {
  const damaged = (details: string, cause?: unknown) =>
    modelError("E_SOURCE_DAMAGED", path, `${details}; copy the file again, or train it again`, cause);
  const version = /^\{\n"format": "axonloom voxel classifier",\n"version": (\d+),\n/.exec(text)?.[1];
  if (version === undefined) {
    const details = "expected a voxel classifier as axonloom train voxels writes it, found another kind of file; correct the path";
    throw modelError("E_SOURCE_UNSUPPORTED", path, details);
  }
  if (Number(version) !== VERSION) {
    const details = `expected version ${VERSION} of the format, found ${version}, which a newer axonloom wrote; use that one`;
    throw modelError("E_SOURCE_UNSUPPORTED", path, details);
  }
  const end = /\n"sha256": "([0-9a-f]{64})"\n\}\n$/.exec(text);
  if (end === null) throw damaged("expected its checksum at the end, found none: it is cut off");
  const body = text.slice(0, end.index + 1);
  if (sha256(body) !== end[1]) throw damaged("its checksum does not fit its content");
  let json: unknown;
  try {
    json = JSON.parse(`${body.slice(0, -2)}}`); // without the last comma
  } catch (cause) {
    throw damaged("expected JSON", cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged(`${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
  const { engine, features, channels, classes, training, forest } = parsed.data;
  try {
    const { columns } = forest;
    const arrays = {
      roots: new Int32Array(decode(forest.roots, 4)),
      column: Int32Array.from(new Uint16Array(decode(forest.column, 2))),
      threshold: new Float32Array(decode(forest.threshold, 4)),
      child: new Int32Array(decode(forest.child, 4)),
      leaves: new Float32Array(decode(forest.leaves, 4)),
    };
    return { engine, features, channels, classes, training, forest: { columns, classes: classes.length, ...arrays } };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw damaged(cause.message, cause);
  }
}

/** Ready for prediction. `E_SOURCE_DAMAGED` when its parts contradict each other. */
export function modelOf({ engine, features: set, channels, classes, forest }: VoxelClassifier, path: string): PixelModel {
  const features = planFeatures({ engine, recipe: "presmoothed", features: set }, path);
  if (trainedChannels(forest.columns, features, path) !== channels) {
    const found = `${forest.columns} columns of its forest for ${channels} channels`;
    throw modelError("E_SOURCE_DAMAGED", path, `expected ${features.columns} columns a channel, found ${found}; train it again`);
  }
  try {
    return {
      path,
      features,
      channels,
      forest: packFlatForest(forest),
      outputs: classes.length,
      classChannels: classes.map((_, k) => k),
      doubt: null,
    };
  } catch (error) {
    if (error instanceof KernelError) throw modelError("E_SOURCE_DAMAGED", path, `${error.message}; train it again`, error);
    throw error;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function encode(array: Int32Array | Uint16Array | Float32Array): string {
  return littleEndian(Buffer.from(array.slice().buffer), array.BYTES_PER_ELEMENT).toString("base64");
}

function decode(text: string, size: 2 | 4): ArrayBuffer {
  const bytes = littleEndian(Buffer.from(text, "base64"), size);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

function littleEndian(bytes: Buffer, size: number): Buffer {
  if (bytes.length % size !== 0) throw new RangeError(`expected numbers of ${size} bytes, found ${bytes.length} bytes`);
  if (endianness() === "LE") return bytes;
  return size === 2 ? bytes.swap16() : bytes.swap32();
}
