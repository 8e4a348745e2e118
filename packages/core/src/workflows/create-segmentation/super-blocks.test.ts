import { expect, test } from "vitest";
import type { Vec3 } from "../../geometry/box.ts";
import { blockKey, keyAround, meetingLevel, planSuperBlocks } from "./super-blocks.ts";

const cube = (start: Vec3) => ({ start, stop: [start[0] + 32, start[1] + 32, start[2] + 32] as const });

test("cells count from the lowest corner; levels until all lie in one super-block", () => {
  const cores = [cube([-64, 32, 0]), cube([-64, 64, 0]), cube([-64, 80, 32]), cube([-32, 32, 64]), cube([96, 32, 0])];
  const blocks = planSuperBlocks(cores, [0, 5, 9, 9, 12]);
  expect(Array.from(blocks.cells)).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 2, 5, 0, 0]);
  expect(blocks.levels).toBe(3);
  expect([1, 2, 3, 4].map((other) => meetingLevel(blocks, 0, other))).toEqual([1, 1, 2, 3]);
  expect(meetingLevel(blocks, 2, 2)).toBe(1);
  expect([0, 1, 2, 3].map((level) => blockKey(blocks, 4, level))).toEqual(["0000000004", "2/0/0", "1/0/0", "0/0/0"]);
  expect(keyAround("5/0/3")).toBe("2/0/1");
  expect(planSuperBlocks([cube([64, 64, 64])], [0]).levels).toBe(1);
});
