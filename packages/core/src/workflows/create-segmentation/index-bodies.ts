/** Step: the index of bodies of an output that keeps one, from the voxels that now lie where something was written. */
import type { Box } from "../../geometry/box.ts";
import { openVolume } from "../../store/index.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { indexHands } from "./index-hands.ts";
import type { IndexParams } from "./index-stage.ts";

/**
 * @param boxes noted ones, whose coarser levels are made: this run's cores, and what an earlier try may have left with other ones. They may overlap.
 * Repeatable: the index comes out the same.
 */
export async function indexBodies({ config, engine, signal }: RunContext, output: string, boxes: readonly Box[]): Promise<void> {
  if (boxes.length === 0) return;
  const params: IndexParams = { output, hands: indexHands(boxes.length) };
  const rows = boxes.map((value, i) => ({ key: subvolumeKey(i), value }));
  const shares = engine.parallelize(rows).flatMap(stageRef("countBodies"), params, { label: "index" });
  const job = { label: "index", signal, concurrency: config.parallelWrites };
  await shares.groupByKey().foreach(stageRef("updateIndex"), params, job);
  await (await openVolume(output)).bodies!.settle(boxes, { signal });
}
