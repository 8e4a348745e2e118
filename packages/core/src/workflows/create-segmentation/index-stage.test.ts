import fc from "fast-check";
import { expect, test } from "vitest";
import type { BodyShare } from "../../store/index.ts";
import { dealBodies } from "./index-stage.ts";

const id = fc.bigInt({ min: 1n, max: 2n ** 48n - 1n });
const entry = fc.tuple(id, id, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.integer({ min: 1, max: 262144 }));

function shareOf(former: readonly bigint[], entries: readonly (readonly [bigint, bigint, bigint, number])[]): BodyShare {
  return {
    box: { start: [0, 0, 0], stop: [64, 64, 64] },
    former: BigUint64Array.from(former).sort(),
    bodies: BigUint64Array.from(entries, ([body]) => body),
    supervoxels: BigUint64Array.from(entries, ([, supervoxel]) => supervoxel),
    cells: BigUint64Array.from(entries, ([, , cell]) => cell),
    voxels: Uint32Array.from(entries, ([, , , voxels]) => voxels),
  };
}

const rowsOf = ({ bodies, supervoxels, cells, voxels }: BodyShare) =>
  Array.from(bodies, (body, i) => `${body} ${supervoxels[i]} ${cells[i]} ${voxels[i]}`);

test("every row and every former body goes to one hand, all of a body to the same", () => {
  fc.assert(
    fc.property(fc.array(id), fc.array(entry), fc.integer({ min: 1, max: 20 }), (former, entries, hands) => {
      const share = shareOf(former, entries);
      const dealt = dealBodies(share, hands);
      expect(dealt.flatMap(({ value }) => rowsOf(value)).sort()).toEqual(rowsOf(share).sort());
      expect(dealt.flatMap(({ value }) => [...value.former]).sort()).toEqual([...share.former].sort());
      const handsOfBody = new Map<bigint, Set<string>>();
      for (const { key, value } of dealt) {
        expect(value.bodies.length + value.former.length).toBeGreaterThan(0);
        for (const body of [...value.bodies, ...value.former]) {
          handsOfBody.set(body, (handsOfBody.get(body) ?? new Set()).add(key));
        }
      }
      for (const keys of handsOfBody.values()) expect(keys.size).toBe(1);
      const keys = dealt.map(({ key }) => Number(key));
      expect(keys).toEqual([...keys].sort((a, b) => a - b));
    }),
  );
});
