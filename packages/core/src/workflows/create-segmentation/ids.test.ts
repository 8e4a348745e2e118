import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeyValueStore, openKeyValue } from "../../keyvalue/index.ts";
import { keepOffset } from "./ids.ts";

let folder: string;
let store: KeyValueStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-ids-"));
  store = openKeyValue(folder);
  begun = 0;
});
afterEach(() => rm(folder, { recursive: true }));

let begun = 0;
const begin = async () => {
  begun += 1;
};
const wish = { destination: "there", basis: "boxes", needed: 10, offset: 5n };

/** Gives ids above `next`, the wished ones while that is 0. */
function counter(next: bigint) {
  const asked: number[] = [];
  const reserve = async (count: number, wished: bigint) => {
    asked.push(count);
    if (next === 0n) next = wished;
    const start = next;
    next += BigInt(count);
    return start;
  };
  return { rules: { highest: null, reserve }, asked };
}

test("a destination that starts empty gets the configured ids, without a record", async () => {
  expect(await keepOffset(store, { highest: null, reserve: null }, wish, begin)).toBe(5n);
  expect(await readdir(folder)).toEqual([]);
});

test("reserved once, the same when it is asked again, anew for more ids or other boxes", async () => {
  const { rules, asked } = counter(1000n);
  expect(await keepOffset(store, rules, wish, begin)).toBe(1000n);
  expect(await keepOffset(store, rules, wish, begin)).toBe(1000n);
  expect(await keepOffset(store, rules, { ...wish, needed: 7 }, begin)).toBe(1000n);
  expect(await keepOffset(store, rules, { ...wish, needed: 11 }, begin)).toBe(1010n);
  expect(await keepOffset(store, rules, { ...wish, basis: "other boxes" }, begin)).toBe(1021n);
  expect(await keepOffset(store, rules, { ...wish, destination: "elsewhere" }, begin)).toBe(1031n);
  expect(asked).toEqual([10, 11, 10, 10]);
  expect(begun).toBe(4);
});

test("a destination that was empty when it was asked first keeps the configured ids, unless more are needed than it gave", async () => {
  const { rules, asked } = counter(0n);
  expect(await keepOffset(store, rules, wish, begin)).toBe(5n);
  expect(await keepOffset(store, rules, { ...wish, needed: 3 }, begin)).toBe(5n);
  expect(await keepOffset(store, rules, { ...wish, needed: 99 }, begin)).toBe(15n);
  expect(asked).toEqual([10, 99]);
});

test("ids that the destination cannot hold are refused", async () => {
  const highest = 2n ** 48n - 1n;
  const offset = highest - 10n;
  expect(await keepOffset(store, { highest, reserve: null }, { ...wish, offset }, begin)).toBe(offset);
  const { rules, asked } = counter(0n);
  for (const reserve of [null, rules.reserve]) {
    await expect(keepOffset(store, { highest, reserve }, { ...wish, offset: offset + 1n }, begin)).rejects.toMatchObject({
      code: "E_CONFIG_INVALID",
      fields: { found: String(2n ** 48n), highest: String(highest) },
    });
  }
  expect({ asked, begun }).toEqual({ asked: [], begun: 0 });
});
