/** Figures of a run with gaps would be figures of another thing. */
import { AxonloomError } from "../../errors.ts";
import type { RunSummary } from "../../run/events.ts";

/** `E_EVALUATE` for a run that is not complete. */
export function requireComplete({ status, quarantined, "run-folder": folder }: RunSummary): void {
  if (status === "complete") return;
  throw new AxonloomError(
    "E_EVALUATE",
    `${folder}: expected a complete run, found ${quarantined} subvolumes quarantined; \`axonloom status ${folder}\` says why, and the experiment goes on from here when called again`,
    { folder, quarantined },
  );
}
