import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkDestination, openPlace } from "./place.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-place-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const result = (name: string) => JSON.stringify({ format: "axonloom-evaluation", version: 1, name });

async function makeEvaluation(path: string, name: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "evaluation.json"), result(name));
}

const refused = { code: "E_DESTINATION_EXISTS" };

test("what is no evaluation is refused and stays", async () => {
  const file = join(folder, "truth.npy");
  await writeFile(file, "voxels");
  await expect(checkDestination(file)).rejects.toMatchObject(refused);
  await expect(checkDestination(join(file, "below"))).rejects.toMatchObject(refused);

  // a configuration that happens to have the name of a result
  await writeFile(join(folder, "evaluation.json"), "{}");
  await expect(checkDestination(folder)).rejects.toMatchObject(refused);
  await rm(file);
  await expect(checkDestination(folder)).rejects.toMatchObject(refused);

  const mixed = join(folder, "mixed");
  await makeEvaluation(mixed, "old");
  await checkDestination(mixed);
  await writeFile(join(mixed, "notes.txt"), "mine");
  await expect(checkDestination(mixed)).rejects.toThrow(/notes\.txt/);
  await checkDestination(join(folder, "free"));
});

test("results take the place of an earlier evaluation, and nothing is left over", async () => {
  const destination = join(folder, "deep", "evaluation");
  for (const name of ["first", "second"]) {
    const place = await openPlace(destination);
    await makeEvaluation(place.resultFolder, name);
    await place.publish();
    await place.close();
    expect(await readFile(join(destination, "evaluation.json"), "utf8")).toBe(result(name));
  }
  expect(await readdir(join(folder, "deep"))).toEqual(["evaluation"]);
});

test("a work folder that holds anything else is refused; a run's folder of a like name is never touched", async () => {
  const destination = join(folder, "volume");
  await mkdir(join(folder, "volume.evaluating", "labels"), { recursive: true });
  await expect(openPlace(destination)).rejects.toMatchObject(refused);
  expect(existsSync(join(folder, "volume.evaluating", "labels"))).toBe(true);
  await rm(join(folder, "volume.evaluating"), { recursive: true });
  await mkdir(join(folder, "volume.run", "labels"), { recursive: true });
  const place = await openPlace(destination);
  await expect(openPlace(destination)).rejects.toMatchObject({ code: "E_RUN_LOCKED" });
  await place.close();
  expect(existsSync(join(folder, "volume.run", "labels"))).toBe(true);
});

test("something that appears at the destination meanwhile stays; a crash between the renamings loses nothing", async () => {
  const destination = join(folder, "evaluation");
  const place = await openPlace(destination);
  await makeEvaluation(place.resultFolder, "new");
  await mkdir(destination);
  await writeFile(join(destination, "other.txt"), "");
  await expect(place.publish()).rejects.toMatchObject(refused);
  await place.close();
  expect(await readdir(destination)).toEqual(["other.txt"]);
  await rm(destination, { recursive: true });

  await makeEvaluation(destination, "old");
  await mkdir(`${destination}.evaluating`);
  await rename(destination, join(`${destination}.evaluating`, "former"));
  await (await openPlace(destination)).close();
  expect(await readFile(join(destination, "evaluation.json"), "utf8")).toBe(result("old"));
});
