/** The original's way to name data of an evaluation on DVID servers, turned into the `dvid://` names that everything else reads. */
import { type DvidKey, nameData, namesDvid } from "../../config/dvid-keys.ts";
import { type Problem, valueAt } from "../../config/problems.ts";

const TRUTH: readonly DvidKey[] = [
  { key: "label-name", target: ["input", "ground-truth"], needed: true },
  { key: "roi", target: ["roi", "dvid"], needed: false },
];
const TEST: readonly DvidKey[] = [{ key: "label-name", target: ["input", "segmentation"], needed: true }];

/** The configuration with `dvid://` names in their places; and what is missing in, or contradicts, the original's keys. */
export function withDvidSources(raw: unknown): { readonly raw: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let named = raw;
  if (namesDvid(raw, ["dvid-info"], TRUTH)) named = nameData(named, problems, ["dvid-info"], TRUTH);
  if (namesDvid(raw, ["dvid-info-comp"], TEST)) named = nameData(named, problems, ["dvid-info-comp"], TEST);
  const lists = valueAt(raw, ["dvid-info", "point-lists"]);
  if (Array.isArray(lists) && lists.length > 0 && valueAt(raw, ["dvid-info", "dvid-server"]) === undefined) {
    const message = "is missing. host:port of the DVID server that has dvid-info.point-lists.";
    problems.push({ path: ["dvid-info", "dvid-server"], message, code: "E_CONFIG_INVALID" });
  }
  return { raw: named, problems };
}
