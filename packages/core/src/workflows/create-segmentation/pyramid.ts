/** Step: the coarser levels of the output, level by level, each from the one before. */
import type { PyramidTask } from "../pyramid.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";

export async function writePyramid({ engine, signal }: RunContext, levels: readonly (readonly PyramidTask[])[]): Promise<void> {
  for (const tasks of levels) {
    const rows = tasks.map((value, i) => ({ key: subvolumeKey(i), value }));
    await engine.parallelize(rows).foreach(stageRef("writePyramidCell"), null, { label: "pyramid", signal });
  }
}
