/**
 * Faces: which subvolumes overlap, and where.
 *
 * Two core boxes are neighbours when they touch on one axis and their intervals on the two other axes overlap; edges and corners do
 * not count. A face is the intersection of the two bordered boxes, as thick as twice the border:
 *
 *        ┌────────┬┄┄┄┐                     rows may be staggered, so that
 *        │ core a ┊ A ┊                     a box has several partial faces
 *        │    ┌┄┄┄┼───┴────┐                on one side
 *        │    ┊ B ┊ core b │
 *        └────┴┄┄┄┴────────┘
 *             └ face ┘
 *
 * Boxes are grouped by axis and touching plane; inside a plane, rectangles are hashed into cells as large as the largest of them. Each
 * rectangle lies in at most four cells, and a pair is taken in the cell of its common part's lower corner only: O(n) for boxes of one size.
 */
import { AXES, type Box, intersect, isEmpty } from "./box.ts";
import type { Face, Subvolume } from "./subvolume.ts";

type Axis = 0 | 1 | 2;

/**
 * The faces of a list of subvolumes, sorted by (a, b). With border 0 on the touching axis nothing overlaps and there is no face.
 */
export function findFaces(subvolumes: readonly Subvolume[]): Face[] {
  const faces: Face[] = [];
  for (const axis of AXES) {
    for (const { ending, starting } of touchingPlanes(subvolumes, axis)) {
      for (const [p, q] of overlappingPairs(ending, starting, axis)) {
        const common = intersect(p.bordered, q.bordered);
        if (!isEmpty(common)) faces.push({ a: Math.min(p.id, q.id), b: Math.max(p.id, q.id), box: common, axis });
      }
    }
  }
  return faces.sort((f, g) => f.a - g.a || f.b - g.b);
}

interface Plane {
  readonly ending: Subvolume[];
  readonly starting: Subvolume[];
}

function touchingPlanes(subvolumes: readonly Subvolume[], axis: Axis): Iterable<Plane> {
  const planes = new Map<number, Plane>();
  const at = (position: number) => {
    const plane = planes.get(position) ?? { ending: [], starting: [] };
    planes.set(position, plane);
    return plane;
  };
  for (const subvolume of subvolumes) {
    at(subvolume.core.start[axis]).starting.push(subvolume);
    at(subvolume.core.stop[axis]).ending.push(subvolume);
  }
  return planes.values();
}

/** Pairs whose core boxes overlap on both axes other than `axis`. */
function* overlappingPairs(
  ending: readonly Subvolume[],
  starting: readonly Subvolume[],
  axis: Axis,
): Generator<readonly [Subvolume, Subvolume]> {
  if (ending.length === 0 || starting.length === 0) return;
  const [u, v] = AXES.filter((a) => a !== axis) as [Axis, Axis];
  let sizeU = 1;
  let sizeV = 1;
  for (const { core } of [...ending, ...starting]) {
    sizeU = Math.max(sizeU, core.stop[u] - core.start[u]);
    sizeV = Math.max(sizeV, core.stop[v] - core.start[v]);
  }
  const cells = new Map<string, Subvolume[]>();
  for (const subvolume of ending) {
    for (const key of cellsOf(subvolume.core, u, v, sizeU, sizeV)) {
      const cell = cells.get(key);
      if (cell === undefined) cells.set(key, [subvolume]);
      else cell.push(subvolume);
    }
  }
  for (const q of starting) {
    for (const key of cellsOf(q.core, u, v, sizeU, sizeV)) {
      for (const p of cells.get(key) ?? []) {
        const lowU = Math.max(p.core.start[u], q.core.start[u]);
        const lowV = Math.max(p.core.start[v], q.core.start[v]);
        const overlap = lowU < Math.min(p.core.stop[u], q.core.stop[u]) && lowV < Math.min(p.core.stop[v], q.core.stop[v]);
        if (overlap && key === cellKey(Math.floor(lowU / sizeU), Math.floor(lowV / sizeV))) yield [p, q];
      }
    }
  }
}

function cellKey(cellU: number, cellV: number): string {
  return `${cellU},${cellV}`;
}

function* cellsOf(core: Box, u: Axis, v: Axis, sizeU: number, sizeV: number): Generator<string> {
  for (let i = Math.floor(core.start[u] / sizeU); i * sizeU < core.stop[u]; i++) {
    for (let j = Math.floor(core.start[v] / sizeV); j * sizeV < core.stop[v]; j++) yield cellKey(i, j);
  }
}
