/** One subvolume of the default size, 552³ with its borders, all of it inside the volume, through one worker: its memory beside the plan's. */
import { tmpdir } from "node:os";
import { parseConfig, planRun, shapeOf } from "@axonloom/core";
import { oneRun, phantom } from "./pipeline.mjs";

/** From 32 to 544 the borders of 20 stay inside 576³; boxes of `ask-dvid` may start at any multiple of 32. */
const VOLUME = 576;
const CORE = [
  [32, 32, 32],
  [544, 544, 544],
];

/** Emits one record. `peak_bytes` is the whole process: the worker, the main thread and Node.js itself. */
export async function benchSubvolume({ folder, emit }) {
  const { config } = await phantom(folder, VOLUME);
  const options = { ...config.options, "chunk-size": 512, "partition-method": "ask-dvid" };
  const placed = { ...config, roi: { box: CORE }, options };
  const plan = await planRun(parseConfig(placed, { baseFolder: tmpdir() }));
  if (plan.subvolumes.length !== 1) throw new Error(`expected one subvolume, found ${plan.subvolumes.length}`);
  const name = "phantom, one subvolume";
  const record = await oneRun(folder, name, { config: placed, truth: null }, 1);
  const shape = shapeOf(plan.subvolumes[0].bordered);
  emit({
    ...record,
    kind: "subvolume",
    bordered: shape,
    planned_bytes: plan.bytesPerTask,
  });
}
