/** Events as lines for people. */
import type { RunEvent } from "@axonloom/core";
import { formatBytes, formatCount, formatNumber, formatSeconds } from "../format.ts";

/** null: the event is not worth a line. */
export function lineOf(event: RunEvent): string | null {
  switch (event.event) {
    case "planned": {
      const parts = [
        formatNumber(event.subvolumes, "subvolume"),
        formatNumber(event.iterations, "iteration"),
        formatNumber(event.faces, "face"),
        `${formatNumber(event.workers, "worker")} of ${formatBytes(event["bytes-per-worker"])}`,
      ];
      return `${event.resumed ? "resumed" : "planned"}: ${parts.join(", ")}`;
    }
    case "stage-started":
      return `${event.stage}: started, ${formatNumber(event.total, "task")}`;
    case "stage-finished":
      return `${event.stage}: finished in ${formatSeconds(event.seconds)}`;
    case "warning":
      return `warning: ${event.message}`;
    case "log":
      return `${event.level === "warn" ? "warning" : event.level}: ${event.task}: ${event.message}`;
    case "quarantined":
      return `quarantined: subvolume ${formatCount(event.subvolume)}: ${event.error.message}`;
    case "progress":
    case "finished":
      return null;
  }
}
