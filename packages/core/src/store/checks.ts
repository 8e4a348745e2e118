/** Checks that every driver makes of its callers. */
import { AxonloomError } from "../errors.ts";
import { AXES, type Box, contains, formatBox, isEmpty, shapeOf, volumeOf } from "../geometry/box.ts";
import { type Block, type Dtype, dtypeOf } from "../volume/block.ts";
import type { WriteGrid } from "./types.ts";

/** Throws `E_OUT_OF_BOUNDS` unless `box` is a non-empty integer box inside the bounds. */
export function checkInside(box: Box, bounds: Box, source: string): void {
  const whole = AXES.every((a) => Number.isSafeInteger(box.start[a]) && Number.isSafeInteger(box.stop[a]));
  if (whole && !isEmpty(box) && contains(bounds, box)) return;
  throw new AxonloomError(
    "E_OUT_OF_BOUNDS",
    `${source}: expected a non-empty box inside ${formatBox(bounds)}, found ${formatBox(box)}; cut the box at the bounds`,
    { source, box, bounds },
  );
}

/** Throws unless `block` has the box's shape and the store's dtype. */
export function checkBlock(block: Block, box: Box, dtype: Dtype, source: string): void {
  const shape = shapeOf(box);
  const fits = AXES.every((a) => block.shape[a] === shape[a]) && block.data.length === volumeOf(shape);
  if (!fits) {
    throw new AxonloomError(
      "E_OUT_OF_BOUNDS",
      `${source}: expected a block of shape [${shape}] (z, y, x) for ${formatBox(box)}, found [${block.shape}] with ${block.data.length} voxels`,
      { source, box, shape: block.shape },
    );
  }
  const found = dtypeOf(block.data);
  if (found !== dtype) {
    throw new AxonloomError("E_DTYPE", `${source}: expected voxels of ${dtype}, found ${found}; convert them before writing`, {
      source,
      expected: dtype,
      found,
    });
  }
}

/** Throws `E_OUT_OF_BOUNDS` unless `box` consists of whole cells of the grid, cut at the bounds. */
export function checkOnGrid(box: Box, grid: WriteGrid, bounds: Box, source: string): void {
  const onGrid = (a: 0 | 1 | 2, at: number) =>
    (at - grid.origin[a]) % grid.cell[a] === 0 || at === bounds.start[a] || at === bounds.stop[a];
  if (AXES.every((a) => onGrid(a, box.start[a]) && onGrid(a, box.stop[a]))) return;
  const [cz, cy, cx] = grid.cell;
  const [oz, oy, ox] = grid.origin;
  throw new AxonloomError(
    "E_OUT_OF_BOUNDS",
    `${source}: expected a box of whole chunks of ${cx} x ${cy} x ${cz} voxels (x, y, z) counted from (${ox}, ${oy}, ${oz}), ` +
      `found ${formatBox(box)}; write whole chunks, or make the volume with a chunk size that divides the boxes`,
    { source, box, grid },
  );
}
