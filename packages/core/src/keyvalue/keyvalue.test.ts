import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deletePrefix, getJson, openKeyValue, putJson, sweepTemporary } from "./index.ts";
import type { KeyValueStore } from "./types.ts";

let folder: string;
let store: KeyValueStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-keyvalue-"));
  store = openKeyValue(join(folder, "store"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
async function keysUnder(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

test("what is put is got; a missing key is null, also below a file", async () => {
  expect(await store.get("a/b")).toBeNull();
  await store.put("a/b", bytes("one"));
  await store.put("a/b", bytes("two"));
  expect(Buffer.from((await store.get("a/b"))!).toString()).toBe("two");
  expect(await store.get("a/b/c")).toBeNull();
  await store.put("a/empty", new Uint8Array(0));
  expect((await store.get("a/empty"))!.length).toBe(0);
  await store.delete("a/b");
  await store.delete("a/b");
  expect(await keysUnder("")).toEqual(["a/empty"]);
  expect(readdirSync(join(store.location, "a"))).toEqual(["empty"]);
});

test.each(["", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "a/.tmp-1", "a b", "ä", "a\\b"])("%j is no key", async (key) => {
  await expect(store.get(key)).rejects.toMatchObject({ code: "E_RUN_FOLDER", message: expect.stringContaining(`"${key}"`) });
  await expect(store.put(key, bytes(""))).rejects.toMatchObject({ code: "E_RUN_FOLDER" });
  await expect(store.delete(key)).rejects.toMatchObject({ code: "E_RUN_FOLDER" });
  expect(readdirSync(folder)).toEqual([]);
});

test("list gives keys in the code-unit order of the whole key", async () => {
  for (const key of ["a/x", "a-b", "a.b", "a0", "a-/z", "B", "a/x-y/1", "a/x.y", "a/x0"]) await store.put(key, bytes(key));
  expect(await keysUnder("")).toEqual(["B", "a-/z", "a-b", "a.b", "a/x", "a/x-y/1", "a/x.y", "a/x0", "a0"]);
  expect(await keysUnder("a/")).toEqual(["a/x", "a/x-y/1", "a/x.y", "a/x0"]);
  expect(await keysUnder("a/x-")).toEqual(["a/x-y/1"]);
  expect(await keysUnder("nothing/")).toEqual([]);
});

test("list and deletePrefix against a plain map", async () => {
  const part = fc.string({ unit: fc.constantFrom("a", "b", "-", "0", "_"), minLength: 1, maxLength: 2 });
  const key = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 12 }), key, async (wanted, prefix) => {
      rmSync(store.location, { recursive: true, force: true });
      const model: string[] = [];
      for (const name of new Set(wanted)) {
        if (model.some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`))) continue; // a folder is no file
        model.push(name);
        await store.put(name, bytes(name));
      }
      model.sort();
      expect(await keysUnder("")).toEqual(model);
      expect(await keysUnder(prefix)).toEqual(model.filter((name) => name.startsWith(prefix)));
      await deletePrefix(store, prefix);
      expect(await keysUnder("")).toEqual(model.filter((name) => !name.startsWith(prefix)));
    }),
    { numRuns: 60 },
  );
});

test("JSON that is damaged is said, with place and way out", async () => {
  expect(await getJson(store, "state.json")).toBeNull();
  await putJson(store, "state.json", { done: 1 });
  expect(await getJson(store, "state.json")).toEqual({ done: 1 });
  for (const text of ["", "{", '{"done": 1', "\0\0\0\0"]) {
    await store.put("state.json", bytes(text));
    const message = expect.stringMatching(new RegExp(`${store.location}/state\\.json.*found ${text.length} bytes.*delete it`));
    await expect(getJson(store, "state.json")).rejects.toMatchObject({ code: "E_RUN_FOLDER", message });
  }
});

test("temporary files of interrupted writes are no keys, and can be swept", async () => {
  await store.put("labels/one", bytes("1"));
  for (const name of [".tmp-1-a-1", "labels/.tmp-2-b-7"]) writeFileSync(join(store.location, name), "half");
  expect(await keysUnder("")).toEqual(["labels/one"]);
  expect(await sweepTemporary(store)).toBe(2);
  expect(readdirSync(store.location, { recursive: true }).sort()).toEqual(["labels", "labels/one"]);
  expect(await sweepTemporary(store)).toBe(0);
  expect(await sweepTemporary(openKeyValue(join(folder, "nothing")))).toBe(0);
});

test("a failed write names the path and leaves nothing", async () => {
  mkdirSync(store.location);
  writeFileSync(join(store.location, "file"), "");
  const failed = { code: "E_WRITE_FAILED", fields: { path: join(store.location, "file/below"), bytes: 3 } };
  await expect(store.put("file/below", bytes("one"))).rejects.toMatchObject(failed);
  mkdirSync(join(store.location, "taken/inside"), { recursive: true });
  await expect(store.put("taken", bytes("one"))).rejects.toMatchObject({ code: "E_WRITE_FAILED" });
  expect(readdirSync(store.location).sort()).toEqual(["file", "taken"]);
  await expect(store.delete("taken")).rejects.toMatchObject({ code: "E_WRITE_FAILED" });
});

test("what cannot be read is said in the program's words", async () => {
  mkdirSync(join(store.location, "folder"), { recursive: true });
  await expect(store.get("folder")).rejects.toMatchObject({
    code: "E_RUN_FOLDER",
    message: expect.stringMatching(/cannot read .*folder.*EISDIR/),
  });
  symlinkSync("loop", join(store.location, "loop"));
  await expect(store.get("loop")).rejects.toMatchObject({ code: "E_RUN_FOLDER", message: expect.stringMatching(/ELOOP/) });
});

test("an abort is passed on and leaves nothing", async () => {
  await store.put("a", bytes("1"));
  const signal = AbortSignal.abort();
  await expect(store.get("a", { signal })).rejects.toMatchObject({ name: "AbortError" });
  await expect(store.put("b", bytes("1"), { signal })).rejects.toMatchObject({ name: "AbortError" });
  await expect(store.list("", { signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: "AbortError" });
  expect(readdirSync(store.location)).toEqual(["a"]);
  expect(existsSync(join(store.location, "b"))).toBe(false);
});
