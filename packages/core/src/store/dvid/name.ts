/**
 * Names of what a DVID server keeps: `dvid://host:port/<version>/<instance>?scale=1&supervoxels=true`, behind TLS
 * `dvid://https://host/<version>/<instance>`. <version> is a version's id or a unique beginning of it, or `<repo>:<branch>` for the newest
 * version of a branch, where <repo> is such a beginning or the repo's alias (`master` is the main branch).
 */
import { AxonloomError } from "../../errors.ts";
import { closest } from "../../suggest.ts";

export interface DvidName {
  /** `http://host:port` or `https://host`. */
  readonly origin: string;
  /** null: the server itself. */
  readonly version: string | null;
  /** null: the version itself. */
  readonly instance: string | null;
  /** 0 is the finest. */
  readonly scale: number;
  /** Ids as they are stored in the voxels, instead of the bodies to which they were merged. */
  readonly supervoxels: boolean;
  /** Only of a volume that is being written: by whom. It opens as long as that is so. */
  readonly owner?: string;
}

/** A name of a volume. */
export interface DvidVolumeName extends DvidName {
  readonly version: string;
  readonly instance: string;
}

const FORM = "dvid://host:port/<version>/<instance>";
/** For people; names that this program makes have `owner`, too. */
const KEYS = ["scale", "supervoxels"];

/** What follows `dvid://`, taken apart. `E_SOURCE_NAME`. */
export function parseDvidName(rest: string): DvidName {
  const mark = rest.indexOf("?");
  const place = /^(?:(https?):\/\/)?([^/?#@\s]+)(?:\/(.*))?$/s.exec(mark < 0 ? rest : rest.slice(0, mark));
  if (place === null) throw malformed(rest, `expected ${FORM}`);
  const origin = originOf(rest, place[1] ?? "http", place[2]!);
  const parts = (place[3] ?? "")
    .replace(/\/$/, "")
    .split("/")
    .map((part) => decoded(rest, part));
  if (parts.length > 2 || (parts.length === 2 && parts.includes(""))) throw malformed(rest, `expected ${FORM}`);
  const [version, instance] = parts;
  return {
    origin,
    version: version === "" ? null : version!,
    instance: instance ?? null,
    ...parseQuery(rest, mark < 0 ? "" : rest.slice(mark + 1)),
  };
}

/** {@link parseDvidName} for names of volumes. */
export function parseVolumeName(rest: string): DvidVolumeName {
  const name = parseDvidName(rest);
  if (name.version === null || name.instance === null) throw malformed(rest, `it names no instance: expected ${FORM}`);
  return { ...name, version: name.version, instance: name.instance };
}

/** Writes a name that {@link parseDvidName} reads back, with `dvid://`. */
export function formatDvidName({ origin, version, instance, scale, supervoxels, owner }: DvidName): string {
  const server = origin.replace(/^http:\/\//, "");
  const path = [version, instance].filter((part) => part !== null).map((part) => `/${encoded(part)}`);
  const query = [
    ...(scale === 0 ? [] : [`scale=${scale}`]),
    ...(supervoxels ? ["supervoxels=true"] : []),
    ...(owner === undefined ? [] : [`owner=${encoded(owner)}`]),
  ];
  return `dvid://${server}${path.join("")}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

function originOf(rest: string, scheme: string, host: string): string {
  try {
    return new URL(`${scheme}://${host}`).origin;
  } catch {
    throw malformed(rest, `"${host}" is no host:port`);
  }
}

function decoded(rest: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw malformed(rest, `"${part}" is not percent-encoded rightly`);
  }
}

/** As in a URL's path, but with the colon of `repo:branch` as it is. */
function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll("%3A", ":");
}

function parseQuery(rest: string, text: string): Pick<DvidName, "scale" | "supervoxels" | "owner"> {
  const query = new Map<string, string>();
  for (const pair of text.split("&").filter((p) => p !== "")) {
    const [key = "", value = ""] = pair.split("=", 2);
    if (!KEYS.includes(key) && key !== "owner") {
      const near = closest(key, KEYS);
      throw malformed(
        rest,
        `the key "${key}" is unknown (known: ${KEYS.join(", ")})${near === null ? "" : `; did you mean "${near}"?`}`,
      );
    }
    if (query.has(key)) throw malformed(rest, `the key "${key}" is there twice`);
    query.set(key, value);
  }
  const scale = query.get("scale") ?? "0";
  const supervoxels = query.get("supervoxels") ?? "false";
  if (!/^\d{1,2}$/.test(scale)) throw malformed(rest, `"scale=${scale}" is no number of a scale: expected 0, 1, 2, …`);
  if (!/^(true|false)$/.test(supervoxels)) throw malformed(rest, `"supervoxels=${supervoxels}": expected true or false`);
  const owner = query.get("owner");
  return {
    scale: Number(scale),
    supervoxels: supervoxels === "true",
    ...(owner === undefined ? {} : { owner: decoded(rest, owner) }),
  };
}

function malformed(rest: string, why: string): AxonloomError {
  const name = `dvid://${withoutSecrets(rest)}`;
  return new AxonloomError("E_SOURCE_NAME", `the name "${name}" cannot be read: ${why}`, { name });
}

/** Who puts a password or a token into a name shall not read it in a log: without what stands before @, and the values of unknown keys. */
function withoutSecrets(rest: string): string {
  return rest
    .replace(/^((?:https?:\/\/)?)[^/?#]*@/, "$1***@")
    .replace(/([?&#])([^=&#]*)=([^&#]*)/g, (all, mark, key) => (KEYS.includes(key) ? all : `${mark}${key}=***`));
}
