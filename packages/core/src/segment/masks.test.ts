import { expect, test } from "vitest";
import { andInto, without } from "./masks.ts";

const m = (...values: number[]) => Uint8Array.from(values);

test("and", () => {
  expect(andInto(null, null)).toBeNull();
  expect(andInto(m(1, 1), m(1, 1))).toBeNull();
  expect(andInto(m(1, 1, 0, 0), m(1, 0, 1, 0))).toEqual(m(1, 0, 0, 0));
  const inside = m(1, 0);
  const both = andInto(null, inside);
  expect(both).toEqual(inside);
  expect(both).not.toBe(inside);
});

test("without", () => {
  const mask = m(1, 1, 0);
  expect(without(mask, null, 3)).toBe(mask);
  expect(without(mask, m(0, 0, 0), 3)).toBe(mask);
  expect(without(mask, m(1, 0, 1), 3)).toEqual(m(0, 1, 0));
  expect(mask).toEqual(m(1, 1, 0));
  expect(without(null, m(1, 0), 2)).toEqual(m(0, 1));
});
