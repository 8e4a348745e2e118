/** Lists of points, as they are read. */
import { expect, test } from "vitest";
import { parsePointList } from "./point-list.ts";

test("a bare list, and the original's object", () => {
  const list = [
    [1, 2, 3, 1],
    [4, 5, 6],
  ];
  const expected = {
    points: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    partners: [[1], []],
  };
  expect(parsePointList(list, "p.json", null)).toEqual({ type: "points", ...expected });
  expect(parsePointList({ type: "synapse", sparse: false, "point-list": list }, "p.json", null)).toEqual({
    type: "synapse",
    ...expected,
  });
  expect(parsePointList({ type: "synapse", "point-list": list }, "p.json", "psd").type).toBe("psd");
});

test.each([
  [7, /p\.json: expected a list/],
  [{ points: [] }, /"point-list"/],
  [[[1, 2]], /entry 0: expected integers \[x, y, z/],
  [[[1, 2, 3.5]], /entry 0/],
  [
    [
      [1, 2, 3],
      [1, 2, 3, 2],
    ],
    /entry 1: expected partners from 0 to 1, found 2/,
  ],
  [{ type: "a:b", "point-list": [] }, /"type" to be a word/],
])("%j is refused", (json, message) => {
  expect(() => parsePointList(json, "p.json", null)).toThrow(message);
});
