/**
 * The paper's way to name data on a DVID server, key by key: `dvid-info` for input, output and ROI, `preserve-bodies` for proofread bodies.
 * They are turned into the `dvid://` names that everything else reads.
 */
import { isAxonloomError } from "../errors.ts";
import { formatDvidName, parseVolumeName } from "../store/dvid/name.ts";
import { brief, type KeyPath, type Problem, valueAt } from "./problems.ts";

/** A key of a section that names an instance, and the key of the configuration that means the same. */
export interface DvidKey {
  readonly key: string;
  readonly target: KeyPath;
  readonly needed: boolean;
}

const NAMES: readonly DvidKey[] = [
  { key: "grayscale", target: ["input", "source"], needed: true },
  { key: "segmentation-name", target: ["output", "destination"], needed: true },
  { key: "roi", target: ["roi", "dvid"], needed: false },
];

const DVID_INFO: KeyPath = ["dvid-info"];
const PRESERVE: KeyPath = ["options", "segmentor", "configuration", "preserve-bodies"];

/** Whether `dvid-info` names data, and not only how they are cut. */
export function namesDvid(raw: unknown, section: KeyPath = DVID_INFO, names: readonly DvidKey[] = NAMES): boolean {
  return ["dvid-server", "uuid", ...names.map(({ key }) => key)].some((key) => valueAt(raw, [...section, key]) !== undefined);
}

/** The configuration with `dvid://` names in their places; and what is missing in, or contradicts, the paper's keys. */
export function withDvidNames(raw: unknown): { readonly raw: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let named = raw;
  if (namesDvid(raw)) named = nameData(named, problems);
  if (asksForBodies(raw)) named = nameBodies(named, problems);
  return { raw: named, problems };
}

/** The configuration with the `dvid://` names of a section, by default of `dvid-info`; problems are added to the list. */
export function nameData(
  raw: unknown,
  problems: Problem[],
  section: KeyPath = DVID_INFO,
  names: readonly DvidKey[] = NAMES,
): unknown {
  let named = raw;
  const server = needed(raw, [...section, "dvid-server"], "host:port of the DVID server", problems);
  const version = needed(raw, [...section, "uuid"], "The version of the data", problems);
  for (const { key, target, needed: isNeeded } of names) {
    const path = [...section, key];
    const instance = valueAt(raw, path);
    const other = target[0] === "roi" ? valueAt(raw, ["roi"]) : valueAt(raw, target);
    if (instance === undefined) {
      if (isNeeded && other === undefined) {
        problems.push(invalid(path, `is missing, and ${target.join(".")} too: name the instance here, or the data there`));
      }
      continue;
    }
    const name = nameOf(server, version, instance, problems, section);
    if (name === null) continue;
    const same = other === undefined || valueAt(raw, target) === name;
    if (!same) problems.push(invalid(target.slice(0, target[0] === "roi" ? 1 : 2), contradiction(other, path, name)));
    named = withValue(named, target, name);
  }
  return named;
}

/** A list of no bodies is off in any form. */
function asksForBodies(raw: unknown): boolean {
  const bodies = valueAt(raw, [...PRESERVE, "bodies"]);
  const some = (Array.isArray(bodies) && bodies.length > 0) || valueAt(raw, [...PRESERVE, "from"]) !== undefined;
  return some && ["dvid-server", "uuid", "segmentation-name"].some((key) => valueAt(raw, [...PRESERVE, key]) !== undefined);
}

function nameBodies(raw: unknown, problems: Problem[]): unknown {
  const server = needed(raw, [...PRESERVE, "dvid-server"], "host:port of the DVID server", problems);
  const version = needed(raw, [...PRESERVE, "uuid"], "The version in which the bodies are looked up", problems);
  const instance = needed(raw, [...PRESERVE, "segmentation-name"], "The label instance that holds the bodies", problems);
  const name = nameOf(server, version, instance, problems, PRESERVE);
  if (name === null) return raw;
  const path = [...PRESERVE, "source"];
  const other = valueAt(raw, path);
  if (other !== undefined && other !== name)
    problems.push(invalid(path, contradiction(other, [...PRESERVE, "segmentation-name"], name)));
  return withValue(raw, path, name);
}

/** The text at a path; a problem when there is nothing. What is no text is left to the schema. */
function needed(raw: unknown, path: KeyPath, about: string, problems: Problem[]): string | null {
  const value = valueAt(raw, path);
  if (value === undefined) problems.push(invalid(path, `is missing. ${about}.`));
  return typeof value === "string" && value !== "" ? value : null;
}

function nameOf(
  server: string | null,
  version: string | null,
  instance: unknown,
  problems: Problem[],
  section: KeyPath = DVID_INFO,
): string | null {
  if (server === null || version === null || typeof instance !== "string" || instance === "") return null;
  const parts = [server.replace(/\/+$/, ""), encodeURIComponent(version), encodeURIComponent(instance)];
  try {
    return formatDvidName(parseVolumeName(parts.join("/")));
  } catch (error) {
    if (!isAxonloomError(error)) throw error;
    problems.push(invalid([...section, "dvid-server"], `expected host:port or https://host, found ${brief(server)}`));
    return null;
  }
}

function contradiction(other: unknown, path: KeyPath, name: string): string {
  return `${brief(other)} contradicts ${path.slice(-2).join(".")}, which means "${name}"; keep one of them`;
}

function invalid(path: KeyPath, message: string): Problem {
  return { path, message, code: "E_CONFIG_INVALID" };
}

/** A copy with the value at a path. What stands in the way and is no object stays, for the schema to refuse. */
function withValue(root: unknown, path: KeyPath, value: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (root !== undefined && (typeof root !== "object" || root === null || Array.isArray(root))) return root;
  const object = (root ?? {}) as Record<PropertyKey, unknown>;
  return { ...object, [key]: withValue(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) };
}
