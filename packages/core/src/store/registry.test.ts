import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { box } from "../geometry/box.ts";
import { specOf, temporaryFolder } from "./contract.suite.ts";
import { createVolume, DRIVERS, normaliseDestination, openVolume, planWriteGrid, publishVolume } from "./index.ts";

const spec = specOf("uint8", box([0, 0, 0], [2, 3, 4]));
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (error) => [error.code, error.message],
  );

test("every driver knows its scheme", async () => {
  for (const [scheme, load] of Object.entries(DRIVERS)) expect((await load()).scheme).toBe(scheme);
});

test("bare paths of an obvious kind", async () => {
  const at = await temporaryFolder();
  await createVolume(join(at, "a b.npy"), spec);
  await createVolume(join(at, "volume"), spec);
  expect((await openVolume(join(at, "a b.npy.partial"))).source).toBe(`npy://${at}/a b.npy.partial`);
  expect((await openVolume("volume.partial", { baseFolder: at })).source).toBe(`precomputed://${at}/volume.partial`);
  await mkdir(join(at, "stack"));
  await writeFile(join(at, "stack", "1.PNG"), encode({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }));
  expect((await openVolume(join(at, "stack"))).source).toBe(`images://${at}/stack`);
  expect((await openVolume(join(at, "stack?voxel-size-nm=4,4,40"))).source).toBe(`images://${at}/stack?voxel-size-nm=4,4,40`);
});

test("file URLs", async () => {
  const at = await temporaryFolder();
  await createVolume(join(at, "a b"), spec);
  const url = pathToFileURL(join(at, "a b.partial")).href;
  expect((await openVolume(`precomputed://${url}`)).source).toBe(`precomputed://${at}/a b.partial`);
  expect((await openVolume(url)).source).toBe(`precomputed://${at}/a b.partial`);
});

test("names that nothing reads", async () => {
  const at = await temporaryFolder();
  await writeFile(join(at, "a.h5"), "");
  await mkdir(join(at, "empty"));
  expect(await failure(openVolume(join(at, "none")))).toEqual(["E_SOURCE_NOT_FOUND", expect.stringContaining(join(at, "none"))]);
  expect(await failure(openVolume(join(at, "a.h5")))).toEqual(["E_SOURCE_UNKNOWN", expect.stringContaining("raw://path?shape=")]);
  expect(await failure(openVolume(join(at, "empty")))).toEqual(["E_SOURCE_UNKNOWN", expect.stringContaining("images://")]);
  expect(await failure(openVolume("precomputd://x"))).toEqual([
    "E_SOURCE_UNKNOWN",
    expect.stringContaining('did you mean "precomputed://"?'),
  ]);
  expect(await failure(openVolume("constructor://x"))).toEqual(["E_SOURCE_UNKNOWN", expect.stringContaining("npy://")]);
  for (const remote of ["https://h/v", "gs://b/v", "s3://b/v"]) {
    expect(await failure(openVolume(`precomputed://${remote}`))).toEqual([
      "E_SOURCE_UNSUPPORTED",
      expect.stringContaining("remote"),
    ]);
    expect(await failure(openVolume(remote))).toEqual(["E_SOURCE_UNKNOWN", expect.stringContaining("remote")]);
  }
  expect(await failure(openVolume(""))).toEqual(["E_SOURCE_NAME", expect.any(String)]);
  expect(await failure(openVolume("npy://"))).toEqual(["E_SOURCE_NAME", expect.any(String)]);
});

test("destinations", async () => {
  const at = await temporaryFolder();
  expect(await normaliseDestination("out", { baseFolder: at })).toBe(`precomputed://${at}/out`);
  expect(await normaliseDestination("out.npy", { baseFolder: at })).toBe(`npy://${at}/out.npy`);
  expect(await failure(createVolume(join(at, "out.h5"), spec))).toEqual([
    "E_SOURCE_UNKNOWN",
    expect.stringContaining("precomputed://"),
  ]);
  expect(await failure(planWriteGrid(`raw://${at}/a?shape=1,1,1&dtype=uint8`, spec))).toEqual([
    "E_SOURCE_UNSUPPORTED",
    expect.any(String),
  ]);
  expect(await failure(publishVolume(`images://${at}`))).toEqual(["E_SOURCE_UNSUPPORTED", expect.any(String)]);
  expect(await planWriteGrid("x.npy.gz", spec)).toBeNull();
});
