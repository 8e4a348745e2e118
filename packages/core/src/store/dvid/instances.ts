/** Data instances of a DVID server: what they are and where they lie, and how they are made. */
import { z } from "zod";
import type { CallOptions } from "../../call-options.ts";
import { type Box, fromXyz, map3, toXyz, type Vec3 } from "../../geometry/box.ts";
import { apiPath, type DvidConnection } from "./http.ts";

/** Vectors are z, y, x. */
export interface DvidInstance {
  readonly name: string;
  /** `uint8blk`, `labelmap`, `roi`, … */
  readonly type: string;
  /** Stays the instance's own when it is renamed. */
  readonly dataUuid: string;
  readonly versioned: boolean;
  /** The codec of the server's disk. */
  readonly compression: string;
  /** null for instances without blocks. */
  readonly blockSize: Vec3 | null;
  readonly voxelSize: Vec3 | null;
  readonly voxelUnits: readonly string[];
  /** Where something was written, in this version or its ancestors; null when nothing was. */
  readonly extents: Box | null;
  /** Scales beyond the finest. */
  readonly coarserScales: number;
  /** Numbers of the versions in which a label was written or an id reserved. */
  readonly labelledVersions: readonly number[];
  /** Whether the server keeps indices of bodies, and counts ids; false only for labels that were made so. */
  readonly indexed: boolean;
  /** Of a proxied volume, which has no voxels of its own. */
  readonly gridStore: string;
}

const vector = z.tuple([z.number(), z.number(), z.number()]);

export const instanceSchema = z.object({
  Base: z.object({
    TypeName: z.string(),
    Name: z.string(),
    DataUUID: z.string(),
    Versioned: z.boolean(),
    Compression: z.string(),
  }),
  Extended: z
    .looseObject({
      BlockSize: vector.nullish(),
      VoxelSize: vector.nullish(),
      VoxelUnits: z.array(z.string()).nullish(),
      MaxLabel: z.record(z.string(), z.number()).nullish(),
      MaxDownresLevel: z.number().nullish(),
      IndexedLabels: z.boolean().nullish(),
      GridStore: z.string().nullish(),
      MinPoint: vector.nullish(),
      MaxPoint: vector.nullish(),
    })
    .nullish(),
  Extents: z.object({ MinPoint: vector.nullable(), MaxPoint: vector.nullable() }).nullish(),
});

export function instanceOf({ Base, Extended, Extents }: z.infer<typeof instanceSchema>): DvidInstance {
  const corners = Extents ?? Extended; // a labelblk has only the second
  return {
    name: Base.Name,
    type: Base.TypeName,
    dataUuid: Base.DataUUID,
    versioned: Base.Versioned,
    compression: Base.Compression,
    blockSize: Extended?.BlockSize ? fromXyz(Extended.BlockSize) : null,
    voxelSize: Extended?.VoxelSize ? fromXyz(Extended.VoxelSize) : null,
    voxelUnits: Extended?.VoxelUnits ?? [],
    extents: corners?.MinPoint && corners.MaxPoint ? boxOf(corners.MinPoint, corners.MaxPoint) : null,
    coarserScales: Extended?.MaxDownresLevel ?? 0,
    labelledVersions: Object.keys(Extended?.MaxLabel ?? {}).map(Number),
    indexed: Extended?.IndexedLabels ?? true,
    gridStore: Extended?.GridStore ?? "",
  };
}

/** The server's corners are x, y, z and both inside. */
function boxOf(min: readonly [number, number, number], max: readonly [number, number, number]): Box {
  const last = fromXyz(max);
  return { start: fromXyz(min), stop: map3((a) => last[a] + 1) };
}

/** The instance as this version shows it. `E_SOURCE_NOT_FOUND`, `E_DVID_VERSION`. */
export async function readInstance(
  connection: DvidConnection,
  uuid: string,
  name: string,
  options?: CallOptions,
): Promise<DvidInstance> {
  const call = { method: "GET", path: apiPath("node", uuid, name, "info") } as const;
  const decode = (answer: Uint8Array) => instanceOf(instanceSchema.parse(JSON.parse(Buffer.from(answer).toString())));
  return await connection.read(call, decode, options);
}

/** Makes an instance in an open version; every version shows it then. The server wants all settings as texts. */
export async function createInstance(
  connection: DvidConnection,
  uuid: string,
  settings: { readonly typename: string; readonly dataname: string } & Readonly<Record<string, string>>,
  options?: CallOptions,
): Promise<void> {
  await connection.call({ method: "POST", path: apiPath("repo", uuid, "instance"), body: JSON.stringify(settings) }, options);
}

/** Sets where the instance's voxels lie in this version, whatever stood there: for one caller at a time. */
export async function setExtents(
  connection: DvidConnection,
  uuid: string,
  name: string,
  { start, stop }: Box,
  options?: CallOptions,
): Promise<void> {
  const body = JSON.stringify({ MinPoint: toXyz(start), MaxPoint: toXyz(map3((a) => stop[a] - 1)) });
  const call = { method: "POST", path: apiPath("node", uuid, name, "extents"), body, repeatable: true } as const;
  await connection.call(call, options);
}
