/** What the stores of all types of instances need to know of the opened one. */
import { createHash } from "node:crypto";
import { AxonloomError } from "../../errors.ts";
import { type Box, map3, toXyz, type Vec3 } from "../../geometry/box.ts";
import type { DvidConnection } from "./http.ts";
import { apiPath } from "./http.ts";
import type { DvidInstance } from "./instances.ts";
import { type DvidVolumeName, formatDvidName } from "./name.ts";
import { scaled } from "./spec.ts";

export interface OpenedVolume {
  readonly connection: DvidConnection;
  /** Its version is a full id. */
  readonly name: DvidVolumeName;
  readonly source: string;
  readonly instance: DvidInstance;
  readonly blockSize: Vec3;
  /** At the scale of the name. */
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
}

/** Requests of one call that are under way at the same time. */
export const READS_AT_ONCE = 4;
export const WRITES_AT_ONCE = 2;

const UNITS_NM: Readonly<Record<string, number>> = {
  nanometers: 1,
  nanometer: 1,
  nm: 1,
  micrometers: 1000,
  microns: 1000,
  um: 1000,
};

/** `bounds`: at the finest scale; null where nothing was written. `E_DVID_INSTANCE`, `E_SOURCE_NOT_FOUND`. */
export function describeOpened(
  connection: DvidConnection,
  name: DvidVolumeName,
  instance: DvidInstance,
  bounds: Box | null,
): OpenedVolume {
  const source = formatDvidName(name);
  const { blockSize, voxelSize, voxelUnits } = instance;
  if (blockSize === null) throw notAsNeeded(source, `it is a ${instance.type}, which has no voxels`);
  if (instance.gridStore !== "") throw notAsNeeded(source, "its voxels lie in another store (GridStore); open that one itself");
  if (name.scale > instance.coarserScales) {
    const message = `${source}: expected a scale from 0 to ${instance.coarserScales}, found ${name.scale}`;
    throw new AxonloomError("E_SOURCE_NOT_FOUND", message, { source, scale: name.scale });
  }
  if (bounds === null) {
    const message = `${source}: nothing was ever written to this instance in this version or those before it; check the version`;
    throw new AxonloomError("E_SOURCE_NOT_FOUND", message, { source });
  }
  const nm = voxelUnits.map((unit) => UNITS_NM[unit.toLowerCase()] ?? 1).reverse();
  return {
    connection,
    name,
    source,
    instance,
    blockSize,
    bounds: scaled(bounds, name.scale),
    voxelSizeNm: map3((a) => (voxelSize?.[a] ?? 1) * (nm[a] ?? 1) * 2 ** name.scale),
  };
}

export function notAsNeeded(source: string, why: string): AxonloomError {
  return new AxonloomError("E_DVID_INSTANCE", `${source}: ${why}`, { source });
}

/** The path of one of the instance's endpoints. */
export function endpoint({ name }: Pick<OpenedVolume, "name">, ...parts: readonly string[]): string {
  return apiPath("node", name.version, name.instance, ...parts);
}

/** The end of a path that names a box: `<size>/<offset>`, x_y_z. */
export function boxPath({ start, stop }: Box): [size: string, offset: string] {
  return [toXyz(map3((a) => stop[a] - start[a])).join("_"), toXyz(start).join("_")];
}

/** One number of all that the content depends on. */
export function identityOf({ source, instance }: OpenedVolume, ...more: readonly unknown[]): string {
  return createHash("sha256")
    .update(JSON.stringify([source, instance.dataUuid, instance.extents, ...more]))
    .digest("hex");
}
