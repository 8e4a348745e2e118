/** The stages that bring a volume's index of bodies up to date: count what lies in each noted box, and merge what is known of each body. */
import type { Keyed } from "../../engine/types.ts";
import type { Box } from "../../geometry/box.ts";
import { type BodyShare, openVolume, type VolumeStore } from "../../store/index.ts";

export interface IndexParams {
  readonly output: string;
  /** All that is known of a body goes to one of so many tasks. */
  readonly hands: number;
}

/** Counts what lies in a noted box, by body, for the tasks that merge. */
export async function countBodies(box: Box, params: IndexParams): Promise<Keyed<BodyShare>[]> {
  const share = await bodiesOf(await openVolume(params.output)).count(box);
  return dealBodies(share, params.hands);
}

export async function updateIndex(shares: readonly BodyShare[], params: IndexParams): Promise<void> {
  await bodiesOf(await openVolume(params.output)).update(shares);
}

function bodiesOf({ bodies, source }: VolumeStore) {
  if (bodies === undefined) throw new Error(`${source} has no index of bodies`);
  return bodies;
}

/** Deals a share to so many hands, by the ids of bodies; hands that get nothing are left out. Keys sort as numbers. */
export function dealBodies(share: BodyShare, hands: number): Keyed<BodyShare>[] {
  const handOf = (id: bigint) => Number(id % BigInt(hands));
  const former = Array.from({ length: hands }, (): bigint[] => []);
  for (const id of share.former) former[handOf(id)]!.push(id);
  const entries = Array.from({ length: hands }, (): number[] => []);
  for (const [i, id] of share.bodies.entries()) entries[handOf(id)]!.push(i);
  const dealt: Keyed<BodyShare>[] = [];
  for (let hand = 0; hand < hands; hand++) {
    const mine = entries[hand]!;
    if (mine.length === 0 && former[hand]!.length === 0) continue;
    const value = {
      box: share.box,
      former: BigUint64Array.from(former[hand]!),
      bodies: BigUint64Array.from(mine, (i) => share.bodies[i]!),
      supervoxels: BigUint64Array.from(mine, (i) => share.supervoxels[i]!),
      cells: BigUint64Array.from(mine, (i) => share.cells[i]!),
      voxels: Uint32Array.from(mine, (i) => share.voxels[i]!),
    };
    dealt.push({ key: String(hand).padStart(6, "0"), value });
  }
  return dealt;
}
