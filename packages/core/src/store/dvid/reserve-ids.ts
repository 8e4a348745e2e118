/** Ids of an instance are given once in all its versions: a run takes its own where the instance holds labels already. */
import type { CallOptions } from "../../call-options.ts";
import { isAxonloomError } from "../../errors.ts";
import { readNumber } from "./body-index.ts";
import { connectDvid } from "./http.ts";
import { readInstance } from "./instances.ts";
import { resolveName } from "./open.ts";
import { endpoint } from "./volume.ts";

/**
 * The number below the first of `count` ids that nobody else has or gets, above all that the instance uses in any version; null where it
 * holds no label and nobody has reserved any, or is not there yet.
 */
export async function reserveIds(rest: string, count: number, options: CallOptions = {}): Promise<bigint | null> {
  const name = await resolveName(rest, options);
  const connection = connectDvid(name.origin);
  try {
    const { labelledVersions } = await readInstance(connection, name.version, name.instance, options);
    if (labelledVersions.length === 0) return null;
  } catch (error) {
    if (isAxonloomError(error) && error.code === "E_SOURCE_NOT_FOUND") return null;
    throw error;
  }
  // Repeating it only wastes ids.
  const call = { method: "POST", path: endpoint({ name }, "nextlabel", String(count)), repeatable: true } as const;
  return (await readNumber({ connection }, call, "start", options)) - 1n;
}
