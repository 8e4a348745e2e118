/** Lists of bodies that a laboratory keeps on its DVID server, beside the segmentation. */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { splitScheme } from "../source-name.ts";
import { connectDvid } from "./http.ts";
import { getKey } from "./key-value.ts";
import { parseVolumeName } from "./name.ts";
import { resolveVersion } from "./repos.ts";
import { type LabelJson, parseLabelJson } from "./wire/index.ts";

const MOST_ID = 2n ** 64n - 1n;

/**
 * The ids in the value of a key, sorted and unique. `source` is the segmentation `dvid://…`, `from` is `<keyvalue instance>/<key>` of the same
 * version; the value is a JSON list of ids, as bare digits or in quotes. `E_SOURCE_NOT_FOUND`, `E_SOURCE_DAMAGED`.
 */
export async function readBodyList(source: string, from: string, options: CallOptions = {}): Promise<bigint[]> {
  const { origin, version } = parseVolumeName(splitScheme(source)?.rest ?? source);
  const connection = connectDvid(origin);
  const uuid = await resolveVersion(connection, version, options);
  const [instance, key] = from.split("/") as [string, string];
  const where = `key "${key}" of the keyvalue instance "${instance}" in version ${uuid} of ${origin}`;
  const value = await getKey({ connection, uuid, instance }, key, options);
  if (value === null) {
    throw new AxonloomError(
      "E_SOURCE_NOT_FOUND",
      `the list of bodies does not exist: expected ${where}; check preserve-bodies.from`,
      {
        source,
        from,
      },
    );
  }
  const ids = new Set<bigint>();
  for (const entry of listOf(value, where)) {
    const id = typeof entry === "string" && /^\d{1,20}$/.test(entry) ? BigInt(entry) : entry;
    if (typeof id !== "bigint" || id < 1n || id > MOST_ID) {
      throw damaged(where, `expected ids from 1 to 2^64 - 1, found ${brief(entry)} among them`);
    }
    ids.add(id);
  }
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}

function listOf(value: Uint8Array, where: string): readonly LabelJson[] {
  let json: LabelJson;
  try {
    json = parseLabelJson(new TextDecoder().decode(value));
  } catch (error) {
    throw damaged(where, "expected a JSON list of ids, found no JSON", error);
  }
  if (!Array.isArray(json)) throw damaged(where, `expected a JSON list of ids, found ${brief(json)}`);
  return json;
}

function brief(value: LabelJson): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value).slice(0, 60);
}

function damaged(where: string, what: string, cause?: unknown): AxonloomError {
  return new AxonloomError("E_SOURCE_DAMAGED", `${where}: ${what}; store the list again`, { where }, cause);
}
