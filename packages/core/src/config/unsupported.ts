/** What a configuration may ask for, but this program does not have yet; and contradictions between keys. */
import { brief, type KeyPath, type Problem, valueAt } from "./problems.ts";

const PARTITION_KEYS = ["partition-method", "partition-filter"] as const;

/** Whether input and output are asked of a DVID server. */
export function asksForDvid(raw: unknown): boolean {
  const dvid = valueAt(raw, ["dvid-info"]);
  if (typeof dvid !== "object" || dvid === null) return false;
  return ["dvid-server", "uuid", "roi", "grayscale", "segmentation-name"].some((key) => Object.hasOwn(dvid, key));
}

/** Problems of the file as it was written, whether or not the rest of it is valid. */
export function problemsAcrossKeys(raw: unknown): Problem[] {
  const problems: Problem[] = [];
  const unsupported = (path: KeyPath, message: string) => problems.push({ path, message, code: "E_CONFIG_UNSUPPORTED" });
  if (asksForDvid(raw)) {
    unsupported(
      ["dvid-info"],
      "DVID is not supported yet; name the data with input.source, output.destination and roi, and remove dvid-info",
    );
  }
  const preserve: KeyPath = ["options", "segmentor", "configuration", "preserve-bodies"];
  const bodies = valueAt(raw, [...preserve, "bodies"]);
  if (Array.isArray(bodies) && bodies.length > 0) {
    const key = ["dvid-server", "uuid", "segmentation-name"].find((name) => valueAt(raw, [...preserve, name]) !== undefined);
    if (key !== undefined)
      unsupported([...preserve, key], "bodies on a DVID server are not supported yet; name their volume with source");
    else if (valueAt(raw, [...preserve, "source"]) === undefined) {
      problems.push({
        path: [...preserve, "source"],
        message: "is missing. The label volume that holds the bodies.",
        code: "E_CONFIG_INVALID",
      });
    }
  }
  if (valueAt(raw, ["options", "stitch-constraints"]) === true) {
    unsupported(
      ["options", "stitch-constraints"],
      "true is not supported yet; leave it out, or choose stitch-algorithm conservative",
    );
  }
  const broker = valueAt(raw, ["options", "resource-server"]);
  if (typeof broker === "string" && broker !== "") {
    unsupported(["options", "resource-server"], "a request broker is not supported yet; leave it out");
  }
  const script: KeyPath = ["options", "worker-initialization", "script-path"];
  const scriptPath = valueAt(raw, script);
  if (typeof scriptPath === "string" && scriptPath !== "") {
    unsupported(script, "scripts on worker machines are not supported yet; run it before, and leave the key out");
  }
  const folder = valueAt(raw, ["options", "checkpoint-dir"]);
  if (typeof folder === "string" && /^[a-z][a-z0-9+.-]*:\/\//i.test(folder)) {
    unsupported(
      ["options", "checkpoint-dir"],
      `only a folder of this machine's file system is supported yet, found ${brief(folder)}`,
    );
  }
  for (const key of PARTITION_KEYS) {
    const here = valueAt(raw, ["options", key]);
    const there = valueAt(raw, ["dvid-info", key]);
    if (here !== undefined && there !== undefined && here !== there) {
      const message = `${brief(here)} contradicts dvid-info.${key}: ${brief(there)}; keep one`;
      problems.push({ path: ["options", key], message, code: "E_CONFIG_INVALID" });
    }
  }
  return problems;
}
