/** What a plan costs, in numbers: for people before they start a run, and for programs. */
import { toXyz } from "../../geometry/box.ts";
import type { RunPlan } from "./plan.ts";
import type { RunRequests } from "./requests.ts";
import type { Sample } from "./sample.ts";

export interface RunEstimate {
  readonly subvolumes: number;
  readonly iterations: number;
  readonly faces: number;
  /** Inside the volume and the region of interest. */
  readonly voxels: number;
  /** With borders. */
  readonly "voxels-read": number;
  readonly "bytes-read": number;
  /** Uncompressed. */
  readonly "bytes-written": number;
  /** For voxels, blocks and indices, of the servers that keep volumes of the run; null without such. */
  readonly requests: RunRequests | null;
  /** x, y, z. */
  readonly "output-chunk": readonly number[];
  readonly workers: number;
  readonly "bytes-per-worker": number;
  readonly sample: Sample | null;
  /** Time to segment: that of the sample's voxels, for all voxels read, shared by the workers. null without a sample. */
  readonly "segment-seconds": number | null;
}

/** The numbers of a plan for so many workers; the time is taken from a sampled subvolume. Stitching and writing come on top. */
export function estimateRun(plan: RunPlan, workers: number, sample: Sample | null): RunEstimate {
  return {
    subvolumes: plan.subvolumes.length,
    iterations: plan.iterations.length,
    faces: plan.faces.length,
    voxels: plan.voxelsExpected,
    "voxels-read": plan.voxelsRead,
    "bytes-read": plan.bytesRead,
    "bytes-written": plan.bytesWritten,
    requests: plan.requests,
    "output-chunk": toXyz(plan.output.spec.chunk!),
    workers,
    "bytes-per-worker": plan.bytesPerTask,
    sample,
    "segment-seconds": sample === null ? null : ((sample.seconds / sample.voxels) * plan.voxelsRead) / workers,
  };
}
