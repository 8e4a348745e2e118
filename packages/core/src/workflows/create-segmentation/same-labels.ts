/** Rows that a cluster has lost are computed again; what came out before is in the evidence and in the mapping already. */
import { AxonloomError } from "../../errors.ts";
import { formatBox } from "../../geometry/box.ts";
import type { SegmentedRow } from "./segment-stage.ts";

/**
 * The row if it has labels. `counted`: SHA-256 of the packed labels that the driver has counted, "" for a gap. A gap stays one, whatever
 * came out later. `E_LABELS_CHANGED` for other labels than those, or none.
 */
export function withLabels(row: SegmentedRow, counted: string): (SegmentedRow & { readonly status: "done" }) | null {
  if (counted === "") return null;
  if (row.status === "done" && row.hash === counted) return row;
  const { id, core } = row.task.subvolume;
  const found = row.status === "done" ? "others" : `none (${row.error.message})`;
  throw new AxonloomError(
    "E_LABELS_CHANGED",
    `subvolume ${id} (${formatBox(core)}): expected the labels that this run has stitched, found ${found} when they were made again after ` +
      "they had been lost; run again, with a checkpoint level other than none, and see that the segmentor gives the same result each time",
    { subvolume: id },
  );
}
