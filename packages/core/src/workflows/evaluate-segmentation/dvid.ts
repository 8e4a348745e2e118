/** Lists of points on a DVID server, and the result that goes there. */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { connectDvid } from "../../store/dvid/http.ts";
import { getKey, putKey } from "../../store/dvid/key-value.ts";
import { parseDvidName } from "../../store/dvid/name.ts";
import { resolveVersion } from "../../store/dvid/repos.ts";
import type { DvidPlace } from "./config.ts";

const METRICS = "seg-metrics";

async function openPlace({ server, version }: DvidPlace, options: CallOptions) {
  const { origin } = parseDvidName(server);
  const connection = connectDvid(origin);
  return { connection, uuid: await resolveVersion(connection, version, options) };
}

/** The JSON text under `<keyvalue instance>/<key>`. `E_SOURCE_NOT_FOUND`. */
export async function readDvidText(place: DvidPlace, from: string, options: CallOptions = {}): Promise<string> {
  const [instance, key] = from.split("/") as [string, string];
  const { connection, uuid } = await openPlace(place, options);
  const value = await getKey({ connection, uuid, instance }, key, options);
  if (value !== null) return new TextDecoder().decode(value);
  throw new AxonloomError(
    "E_SOURCE_NOT_FOUND",
    `dvid-info.point-lists: expected key "${key}" of the keyvalue instance "${instance}" in version ${uuid} of ${place.server}, found none; check the names`,
    { from, ...place },
  );
}

/** Keeps the original's layout of the result in the version; returns the key. The instance is made when it is missing. */
export async function putMetrics(
  place: DvidPlace,
  name: { readonly location: string; readonly user: string; readonly began: Date },
  text: string,
  options: CallOptions = {},
): Promise<string> {
  const key = `${name.location}--${name.user}--${Math.floor(name.began.getTime() / 1000)}`.replaceAll(".", "__");
  await putKey({ ...(await openPlace(place, options)), instance: METRICS }, key, text, options);
  return key;
}
