/** Which voxels a run writes, and the digest of these. */
import { type Box, intersect, isEmpty, shapeOf, volumeOf } from "../../geometry/box.ts";
import { visitPieces } from "../../geometry/roi.ts";
import { openVolume } from "../../store/index.ts";
import { digestVolume, type VolumeDigest } from "../digest.ts";
import type { RunContext } from "./context.ts";
import type { RunPlan } from "./plan.ts";
import type { Segmented } from "./segment.ts";

/** 1 where the run writes in `box` (C order): in a core box, inside the volume and the ROI. */
export function writtenMask({ subvolumes, roi, input }: Pick<RunPlan, "subvolumes" | "roi" | "input">, box: Box): Uint8Array {
  const [, height, width] = shapeOf(box);
  const mask = new Uint8Array(volumeOf(shapeOf(box)));
  const within = intersect(box, input.info.bounds);
  for (const { core } of subvolumes) {
    const common = intersect(core, within);
    if (isEmpty(common)) continue;
    visitPieces(roi, common, ({ start, stop }) => {
      for (let z = start[0]; z < stop[0]; z++) {
        for (let y = start[1]; y < stop[1]; y++) {
          const row = ((z - box.start[0]) * height + (y - box.start[1])) * width - box.start[2];
          mask.fill(1, row + start[2], row + stop[2]);
        }
      }
      return false;
    });
  }
  return mask;
}

/** Of an output that is written in place only what this run wrote counts, as if it had been empty. */
export async function digestResult(
  { plan, signal }: Pick<RunContext, "plan" | "signal">,
  output: string,
  { gaps }: Pick<Segmented, "gaps">,
): Promise<VolumeDigest> {
  const { bounds } = plan.output.spec;
  const { bodies } = await openVolume(output);
  if (bodies === undefined) return await digestVolume(output, { signal });
  const missing = new Set(gaps.map(({ subvolume }) => subvolume));
  const written = { ...plan, subvolumes: plan.subvolumes.filter(({ id }) => !missing.has(id)) };
  return await digestVolume(output, { signal, bounds, maskOf: (box) => writtenMask(written, box) });
}
