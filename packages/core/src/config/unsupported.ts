/** What a configuration may ask for, but this program does not have yet; and contradictions between keys. */
import { splitScheme } from "../store/source-name.ts";
import { brief, type KeyPath, type Problem, valueAt } from "./problems.ts";

const PARTITION_KEYS = ["partition-method", "partition-filter"] as const;

/** Problems of the file as it was written, whether or not the rest of it is valid. */
export function problemsAcrossKeys(raw: unknown): Problem[] {
  const problems: Problem[] = [];
  const unsupported = (path: KeyPath, message: string) => problems.push({ path, message, code: "E_CONFIG_UNSUPPORTED" });
  const preserve: KeyPath = ["options", "segmentor", "configuration", "preserve-bodies"];
  const bodies = valueAt(raw, [...preserve, "bodies"]);
  const from = valueAt(raw, [...preserve, "from"]);
  const source = valueAt(raw, [...preserve, "source"]);
  if ((Array.isArray(bodies) && bodies.length > 0) || from !== undefined) {
    const invalid = (path: KeyPath, message: string) => problems.push({ path, message, code: "E_CONFIG_INVALID" });
    const onDvid = valueAt(raw, [...preserve, "segmentation-name"]) !== undefined;
    if (source === undefined && !onDvid) invalid([...preserve, "source"], "is missing. The label volume that holds the bodies.");
    else if (from !== undefined && bodies !== undefined) invalid([...preserve, "from"], "contradicts bodies; keep one of them");
    else if (from !== undefined && typeof source === "string" && splitScheme(source)?.scheme !== "dvid") {
      invalid(
        [...preserve, "from"],
        `names a key on the DVID server of the bodies, but their source is ${brief(source)}; give the ids as bodies`,
      );
    }
  }
  if (valueAt(raw, ["roi", "dvid"]) !== undefined && valueAt(raw, ["roi", "block-size"]) !== undefined) {
    const message = "has no meaning beside roi.dvid, whose own block size counts; leave it out";
    problems.push({ path: ["roi", "block-size"], message, code: "E_CONFIG_INVALID" });
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
