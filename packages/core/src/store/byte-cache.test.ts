import { expect, test } from "vitest";
import { ByteCache } from "./byte-cache.ts";

test("keeps the last used within the bound, and forgets failures", async () => {
  const cache = new ByteCache(10);
  const made: string[] = [];
  const get = (key: string, bytes = 4) =>
    cache.get(key, bytes, async () => {
      made.push(key);
      if (key.startsWith("bad")) throw new Error(key);
      return key;
    });
  await Promise.all([get("a"), get("a"), get("b")]);
  expect(made.splice(0)).toEqual(["a", "b"]);
  await get("a");
  await get("c"); // b goes, it was used before a
  await get("a");
  await get("b");
  expect(made.splice(0)).toEqual(["c", "b"]);
  await get("large", 11);
  await get("large", 11);
  await get("b");
  expect(made.splice(0)).toEqual(["large", "large"]);
  await expect(get("bad")).rejects.toThrow("bad");
  await expect(get("bad")).rejects.toThrow("bad");
  expect(made.splice(0)).toEqual(["bad", "bad"]);
});
