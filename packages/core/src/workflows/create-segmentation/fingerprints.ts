/** Names of checkpoints: where a result lies, and the fingerprint of all that it depends on. */
import { type CheckpointName, fingerprint } from "../../checkpoint/index.ts";
import type { Box } from "../../geometry/box.ts";
import { type Roi, roiFingerprint } from "../../geometry/roi.ts";
import type { Face, Subvolume } from "../../geometry/subvolume.ts";
import { VERSION } from "../../version.ts";
import { writtenPrefix } from "./output.ts";

export function nameOfBox({ start, stop }: Box): string {
  const text = (v: readonly number[]) => `z${v[0]}_y${v[1]}_x${v[2]}`;
  return `${text(start)}__${text(stop)}`;
}

/** `basis`: fingerprint of all that the labels of a run depend on, beside their boxes. */
export function labelsName(basis: string, roi: Roi, { core, bordered }: Subvolume): CheckpointName {
  return { key: `labels/${nameOfBox(bordered)}`, fingerprint: subvolumeFingerprint("labels", basis, roi, core, bordered) };
}

export function predictionsName(basis: string, roi: Roi, { core, bordered }: Subvolume): CheckpointName {
  return {
    key: `predictions/${nameOfBox(bordered)}`,
    fingerprint: subvolumeFingerprint("predictions", basis, roi, core, bordered),
  };
}

function subvolumeFingerprint(what: string, basis: string, roi: Roi, core: Box, bordered: Box): string {
  return fingerprint({ what, version: VERSION, basis, core, bordered, roi: roiFingerprint(roi, bordered) });
}

/** `a`, `b`: hashes of the labels of both sides: evidence depends on what they are, not on how they came about. */
export function evidenceName(face: Face, coreA: Box, coreB: Box, a: string, b: string): CheckpointName {
  return {
    key: `evidence/${nameOfBox(coreA)}--${nameOfBox(coreB)}`,
    fingerprint: fingerprint({ what: "evidence", version: VERSION, a, b, box: face.box, axis: face.axis }),
  };
}

/** Marks a core box as written to `destination`. */
export function writtenName(destination: string, core: Box, content: unknown): CheckpointName {
  return {
    key: `${writtenPrefix(destination)}${nameOfBox(core)}`,
    fingerprint: fingerprint({ what: "written", version: VERSION, destination, content }),
  };
}
