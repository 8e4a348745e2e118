import { expect, test } from "vitest";
import { ContingencyTable } from "./contingency-table.ts";
import { joinedBodies, transposed } from "./joined-bodies.ts";

function tableOf(truth: readonly number[], segmentation: readonly number[]) {
  const table = new ContingencyTable();
  table.addBlock(Uint32Array.from(truth), Uint32Array.from(segmentation));
  return table.sorted();
}

// By hand: 7 joins 1 (three voxels) and 2 (two); 3 is halved between 8 and 9, 4 and the zeros count for nothing.
const A = [1, 1, 1, 2, 2, 3, 3, 4, 0, 5];
const B = [7, 7, 7, 7, 7, 8, 9, 0, 7, 7];

test("a body joins those that have more than half of their voxels in it", () => {
  expect(joinedBodies(tableOf(A, B))).toEqual([
    {
      id: "7",
      of: [
        { id: "1", voxels: 3 },
        { id: "2", voxels: 2 },
        { id: "5", voxels: 1 },
      ],
      voxels: 3,
    },
  ]);
});

test("the other way round: 8 and 9 were halves of 3", () => {
  expect(joinedBodies(transposed(tableOf(A, B)))).toEqual([
    {
      id: "3",
      of: [
        { id: "8", voxels: 1 },
        { id: "9", voxels: 1 },
      ],
      voxels: 1,
    },
  ]);
});

test("exchanging the sides is counting them exchanged", () => {
  expect(transposed(tableOf(A, B))).toEqual(tableOf(B, A));
});
