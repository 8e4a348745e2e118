import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATA } from "../../../real-data.suite.ts";
import { classifierIdentity, readClassifier } from "./classifier.ts";
import { oneTreeXml } from "./forests.suite.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-classifier-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test("features are dropped that the file beside it names; the file is part of the identity", async () => {
  const path = await put("short.xml", oneTreeXml({ features: 33, feature: 10, threshold: 0.5 }));
  await expect(readClassifier(path)).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED", message: /35, 66.*found 33/ });
  const before = await classifierIdentity(path);
  await put("short_ignore.txt", "3 0\n");
  const classifier = await readClassifier(path);
  expect([classifier.features, classifier.channels]).toEqual([35, 1]);
  const row = new Float32Array(35);
  row[12] = 0.6; // 10 without 0 and 3
  expect(classifier.classify(row)).toBe(1);
  row[12] = 0.5;
  expect(classifier.classify(row)).toBe(0);
  expect(await classifierIdentity(path)).not.toBe(before);
  await put("short_ignore.txt", "3 x");
  await put("short.xml", oneTreeXml({ features: 33, feature: 10, threshold: 0.25 }));
  await expect(readClassifier(path)).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED", message: /short_ignore\.txt.*"x"/ });
});

test("bad files are told apart", async () => {
  await expect(readClassifier(join(folder, "none.xml"))).rejects.toMatchObject({ code: "E_SOURCE_NOT_FOUND" });
  await expect(readClassifier(folder)).rejects.toMatchObject({ code: "E_SOURCE_READ" });
  await expect(readClassifier(await put("noise.xml", "noise"))).rejects.toMatchObject({ code: "E_SOURCE_DAMAGED" });
  await expect(readClassifier(await put("half.xml.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0)))).rejects.toMatchObject({
    code: "E_SOURCE_DAMAGED",
  });
  await expect(readClassifier(await put("half.h5", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10)))).rejects.toMatchObject({
    code: "E_SOURCE_DAMAGED",
  });
});

describe.skipIf(!existsSync(join(DATA, "gala")))("gala", () => {
  test("gzip'd XML of 35 features is for one channel", async () => {
    const path = join(DATA, "reference-forest", "gala_rtrees_cv24style.xml.gz");
    expect(await readClassifier(path)).toMatchObject({ features: 35, channels: 1 });
    const unpacked = await put("gala.xml", gunzipSync(readFileSync(path)));
    expect(await classifierIdentity(unpacked)).not.toBe(await classifierIdentity(path));
    await copyFile(unpacked, join(folder, "copy.xml"));
    expect(await classifierIdentity(join(folder, "copy.xml"))).toBe(await classifierIdentity(unpacked));
  });

  test.each(["agglomclassifier", "agglomclassifier_np"])("gala's own features are others than NeuroProof's: %s", async (name) => {
    const path = join(DATA, "gala", "classifiers", `${name}.rf.h5`);
    await expect(readClassifier(path)).rejects.toMatchObject({ code: "E_SOURCE_UNSUPPORTED", message: /35, 66.*found (54|76);/ });
  });
});
