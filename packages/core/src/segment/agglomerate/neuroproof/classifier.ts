/**
 * Classifiers of edges, from the files that NeuroProof reads: OpenCV's random forests (XML or YAML, also gzip'd) and vigra's (HDF5, group `rf`).
 * What a file holds is seen from its first bytes. Beside `name.xml` may lie `name_ignore.txt`: features (counted from 0) that are left out of
 * a row before the forest sees it.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type Classify, featureCount, forestProbabilities, packForests, voteClassifier } from "@axonloom/kernels";
import { AxonloomError } from "../../../errors.ts";
import { isMissing, reasonOf } from "../../../fs-errors.ts";
import { readVigraForest, withHdf5 } from "../../../hdf5/index.ts";
import { isGzip } from "../../../store/gzip-file.ts";
import { hashOfFile } from "../../module-hash.ts";
import { parseOpenCvForest } from "./opencv-forest.ts";

export interface Classifier {
  /** Features of an edge that it is made for, those that it ignores included. */
  readonly features: number;
  /** Channels of the predictions that have so many features. */
  readonly channels: number;
  /** Probability that the two regions are different. */
  readonly classify: Classify;
}

/** Files do not change while they are used; the last one is kept, since every subvolume asks for the same. */
let last: { readonly key: string; readonly classifier: Promise<Classifier> } | null = null;

/** The classifier in a file. Throws `E_SOURCE_NOT_FOUND`, `E_SOURCE_READ`, `E_SOURCE_DAMAGED` or `E_SOURCE_UNSUPPORTED`. */
export async function readClassifier(path: string): Promise<Classifier> {
  const { mtimeMs, size } = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const key = `${path} ${mtimeMs} ${size}`;
  if (last?.key !== key) last = { key, classifier: load(path) };
  const { classifier } = last;
  try {
    return await classifier;
  } catch (error) {
    last = null;
    throw error;
  }
}

/** SHA-256 of the file, and of the one beside it with ignored features. */
export async function classifierIdentity(path: string): Promise<string> {
  const ignored = await ignoredText(path);
  const hash = await hashOfFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return ignored === null ? hash : `${hash} ignoring ${createHash("sha256").update(ignored).digest("hex")}`;
}

async function load(path: string): Promise<Classifier> {
  const raw = await readFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const forest = isHdf5(raw) ? await vigra(path) : openCv(inflated(raw, path), path);
  const ignored = await ignoredFeatures(path);
  const features = forest.features + ignored.length;
  const channels = (features - featureCount(0)) / (featureCount(1) - featureCount(0));
  if (!Number.isInteger(channels) || channels < 1 || ignored.some((k) => k >= features)) {
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${path}: expected a classifier of 4 + 31 · channels features (35, 66, 97, 128, …), found ${forest.features}${ignored.length > 0 ? ` and ${ignored.length} ignored` : ""}; give one that NeuroProof or \`axonloom train agglomeration\` made`,
      { path, features },
    );
  }
  return { features, channels, classify: ignored.length === 0 ? forest.classify : without(ignored, features, forest.classify) };
}

type Forest = Pick<Classifier, "features" | "classify">;

function openCv(bytes: Uint8Array, path: string): Forest {
  const forest = parseOpenCvForest(bytes, path);
  return { features: forest.features, classify: voteClassifier(forest) };
}

async function vigra(path: string): Promise<Forest> {
  const forest = await withHdf5(path, (file) => readVigraForest(file, "/rf"));
  if (forest.classes !== 2) {
    throw new AxonloomError("E_SOURCE_UNSUPPORTED", `${path}: expected a forest of two classes, found one of ${forest.classes}`, {
      path,
    });
  }
  const packed = packForests([forest]);
  const both = new Float32Array(2);
  return {
    features: forest.columns,
    classify(row) {
      forestProbabilities(packed, row, { out: both });
      return both[0] === 0 && both[1] === 0 ? 1 : both[1]!; // zeros: NaN in the row; such regions stay apart
    },
  };
}

/** Drops features from rows. */
function without(ignored: readonly number[], features: number, classify: Classify): Classify {
  const kept = Array.from({ length: features }, (_, k) => k).filter((k) => !ignored.includes(k));
  const short = new Float32Array(kept.length);
  return (row) => {
    for (let k = 0; k < kept.length; k++) short[k] = row[kept[k]!]!;
    return classify(short);
  };
}

function isHdf5(bytes: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46].every((byte, k) => bytes[k] === byte);
}

function inflated(bytes: Uint8Array, path: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new AxonloomError("E_SOURCE_DAMAGED", `${path}: its gzip data cannot be unpacked (${reasonOf(error)})`, { path }, error);
  }
}

async function ignoredFeatures(path: string): Promise<number[]> {
  const text = await ignoredText(path);
  const parts = text === null ? [] : text.split(/\s+/).filter((part) => part !== "");
  const wrong = parts.find((part, k) => !/^\d+$/.test(part) || parts.indexOf(part) !== k);
  if (wrong === undefined) return parts.map(Number);
  throw new AxonloomError(
    "E_SOURCE_DAMAGED",
    `${ignorePath(path)}: expected the numbers of features, each once, found ${JSON.stringify(wrong)}; correct or remove the file`,
    { path: ignorePath(path) },
  );
}

async function ignoredText(path: string): Promise<string | null> {
  try {
    return await readFile(ignorePath(path), "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw unreadable(ignorePath(path), error);
  }
}

/** `name_ignore.txt` beside `name.xml`. */
function ignorePath(path: string): string {
  return `${path.replace(/\.(xml|ya?ml|h5|hdf5)(\.gz)?$/i, "")}_ignore.txt`;
}

function unreadable(path: string, error: unknown): AxonloomError {
  return isMissing(error)
    ? new AxonloomError(
        "E_SOURCE_NOT_FOUND",
        `${path}: expected a classifier, found no such file; correct the path`,
        { path },
        error,
      )
    : new AxonloomError("E_SOURCE_READ", `${path}: cannot be read (${reasonOf(error)})`, { path }, error);
}
