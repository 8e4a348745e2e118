/** Step: the index of bodies of an output that keeps one, from the voxels that now lie in the core boxes. */
import type { IdRange } from "../../store/index.ts";
import { stageRef } from "../stage-ref.ts";
import { type RunContext, subvolumeKey } from "./context.ts";
import { indexHands } from "./index-hands.ts";
import type { IndexParams } from "./index-stage.ts";

/** @param fresh ids of the run's own segments. Repeatable: the index comes out the same. */
export async function indexBodies({ plan, config, engine, signal }: RunContext, output: string, fresh: IdRange): Promise<void> {
  const { runFolder } = config;
  const params: IndexParams = {
    runFolder,
    output,
    outputBounds: plan.output.spec.bounds,
    fresh,
    hands: indexHands(plan.subvolumes.length),
  };
  const cores = plan.subvolumes.map(({ id, core }) => ({ key: subvolumeKey(id), value: core }));
  const shares = engine.parallelize(cores).flatMap(stageRef("countBodies"), params, { label: "index" });
  const job = { label: "index", signal, concurrency: config.parallelWrites };
  await shares.groupByKey().foreach(stageRef("updateIndex"), params, job);
}
