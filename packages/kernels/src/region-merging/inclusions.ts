/**
 * Regions that another region encloses are merged into it.
 *
 * An outside node is joined to every region at the boundary. Where all ways from some regions to the outside lead through one region a
 * (an articulation point), they are inclusions of a: every biconnected component without the outside node goes into the region of it
 * that is nearest to the outside.
 *
 *     outside ── a ── b ── c        b and c go into a: a keeps its id
 *        ╲       │   ╱
 *         d ─────┘  e   e touches only b and c: into a as well
 *
 * One depth-first search with low points, O(regions + edges). Reference: J. Hopcroft, R. Tarjan, "Algorithm 447", CACM 16 (1973).
 */
import type { MergeGraph } from "./merge-graph.ts";

/** Merges all inclusions and returns how many regions went. Regions without a way to the outside stay. */
export function removeInclusions(merging: MergeGraph): number {
  const found = findInclusions(merging);
  for (const { kept, gone } of found) merging.merge(kept, gone);
  return found.length;
}

/** Inner components come before the ones around them. */
function findInclusions(merging: MergeGraph): { readonly kept: number; readonly gone: number }[] {
  const { graph, neighbours } = merging;
  const regions = graph.ids.length;
  const order = new Uint32Array(regions); // when a region was entered, counted from 1; the outside node is 0
  const low = new Uint32Array(regions); // the earliest region that is reached from below
  const found: { kept: number; gone: number }[] = [];
  const open: number[] = []; // entered, and not yet in a component
  const path: { region: number; next: Iterator<number> }[] = [];
  let entered = 0;
  const enter = (region: number) => {
    order[region] = ++entered;
    low[region] = graph.boundary[region]! > 0 ? 0 : entered;
    open.push(region);
    path.push({ region, next: neighbours[region]!.keys() });
  };
  for (let root = 0; root < regions; root++) {
    if (graph.boundary[root] === 0 || order[root] !== 0 || !merging.isAlive(root)) continue;
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: other, done } = top.next.next();
      if (done !== true) {
        if (order[other] === 0) enter(other);
        else low[top.region] = Math.min(low[top.region]!, order[other]!);
        continue;
      }
      path.pop();
      const above = path.at(-1)?.region;
      if (above === undefined) open.length = 0;
      else if (low[top.region]! >= order[above]!) {
        let gone: number;
        do {
          gone = open.pop()!;
          found.push({ kept: above, gone });
        } while (gone !== top.region);
      } else low[above] = Math.min(low[above]!, low[top.region]!);
    }
  }
  return found;
}
