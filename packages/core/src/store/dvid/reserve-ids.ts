/** Ids of an instance are given once in all its versions: every run has its own reserved, also in an instance that starts empty. */
import type { CallOptions } from "../../call-options.ts";
import { readNumber } from "./body-index.ts";
import { connectDvid } from "./http.ts";
import { readInstance } from "./instances.ts";
import { isOlder, resolveName } from "./open.ts";
import { endpoint } from "./volume.ts";

/**
 * Reserves `count` ids that nobody else has or gets; the number below the first. Where no version of the instance has used or reserved one,
 * they are those above `wished`. Of older types that know no such thing only an empty one is asked, and gives the wished ones.
 */
export async function reserveIds(rest: string, count: number, wished: bigint, options: CallOptions = {}): Promise<bigint> {
  const name = await resolveName(rest, options);
  const connection = connectDvid(name.origin);
  const instance = await readInstance(connection, name.version, name.instance, options);
  const empty = instance.labelledVersions.length === 0;
  if (empty && isOlder(instance)) return wished;
  // Repeating it only wastes ids.
  const reserve = (ids: bigint) => {
    const call = { method: "POST", path: endpoint({ name }, "nextlabel", String(ids)), repeatable: true } as const;
    return readNumber({ connection }, call, "start", options);
  };
  const first = await reserve(empty ? wished + BigInt(count) : BigInt(count));
  // Two may have found it empty: the server says who was first.
  return empty && first === 1n ? wished : first - 1n;
}
