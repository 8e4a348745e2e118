import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeyValueStore, openKeyValue } from "../../keyvalue/index.ts";
import { formerName } from "./fingerprints.ts";
import { noteFormer, readFormer } from "./former.ts";

let store: KeyValueStore;
beforeEach(async () => {
  store = openKeyValue(await mkdtemp(join(tmpdir(), "axonloom-former-")));
});
afterEach(() => rm(store.location, { recursive: true }));

const name = formerName("there", { start: [0, 0, 0], stop: [64, 64, 64] });
const ids = (...list: bigint[]) => BigUint64Array.from(list);

test("what lay there stays noted, whatever lies there when the box is written again", async () => {
  expect(await readFormer(store, name)).toEqual(ids());
  await noteFormer(store, name, ids(7n, 2n ** 63n));
  await noteFormer(store, name, ids());
  await noteFormer(store, name, ids(3n, 7n));
  expect(await readFormer(store, name)).toEqual(ids(3n, 7n, 2n ** 63n));
});

test("an empty box leaves no file", async () => {
  await noteFormer(store, name, ids());
  expect(await readdir(store.location)).toEqual([]);
});

test("a damaged note ends the run: no index can be mended without it", async () => {
  await noteFormer(store, name, ids(7n));
  const path = join(store.location, name.key);
  const bytes = await readFile(path);
  bytes[bytes.length - 40]! ^= 1;
  await writeFile(path, bytes);
  await expect(readFormer(store, name)).rejects.toMatchObject({ code: "E_CHECKPOINT_DAMAGED" });
});
