/** The stage that makes one box of a coarser level of the output. */
import { fillPyramidCell, type PyramidTask } from "../pyramid.ts";

export async function writePyramidCell(task: PyramidTask): Promise<void> {
  await fillPyramidCell(task);
}
