/**
 * Lists of points: `[x, y, z, further…]`, where further numbers are the positions of postsynaptic points in the same list. A file holds
 * the list itself, or `{ "type": "synapse", "point-list": […] }` as DVIDSparkServices has it.
 */
import { AxonloomError } from "../errors.ts";
import type { Xyz } from "./result.ts";

export interface PointList {
  /** As in `synapse`: connections are looked at for this type only. */
  readonly type: string;
  /** Voxels. */
  readonly points: readonly Xyz[];
  readonly partners: readonly (readonly number[])[];
}

/** Reads a list. @param type counts where the file does not say it. `E_EVALUATE` names the first wrong entry. */
export function parsePointList(json: unknown, name: string, type: string | null): PointList {
  const fail = (why: string): never => {
    throw new AxonloomError("E_EVALUATE", `${name}: ${why}; correct the list of points`, { name });
  };
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  const root = isObject ? (json as Readonly<Record<string, unknown>>) : { "point-list": json };
  const list = root["point-list"];
  const ownType = root["type"] ?? "points";
  if (!Array.isArray(list)) return fail('expected a list [[x, y, z], …], or an object with the key "point-list"');
  if (typeof ownType !== "string" || !/^[\w-]+$/.test(ownType))
    return fail(`expected "type" to be a word, found ${JSON.stringify(ownType)}`);
  const points: Xyz[] = [];
  const partners: number[][] = [];
  for (const [index, entry] of (list as readonly unknown[]).entries()) {
    if (!Array.isArray(entry) || entry.length < 3 || !entry.every((n) => Number.isSafeInteger(n)))
      return fail(
        `entry ${index}: expected integers [x, y, z, positions of partners…], found ${JSON.stringify(entry)?.slice(0, 60)}`,
      );
    const [x, y, z, ...others] = entry as [number, number, number, ...number[]];
    const outside = others.find((n) => n < 0 || n >= list.length);
    if (outside !== undefined) return fail(`entry ${index}: expected partners from 0 to ${list.length - 1}, found ${outside}`);
    points.push([x, y, z]);
    partners.push(others);
  }
  return { type: type ?? ownType, points, partners };
}
