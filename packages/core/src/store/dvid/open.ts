/** Opens an instance of a version as a volume. */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { alignOut, type Box, contains } from "../../geometry/box.ts";
import type { VolumeStore } from "../types.ts";
import { bodyIndex } from "./body-index.ts";
import { greyStore } from "./grey.ts";
import { connectDvid } from "./http.ts";
import { type DvidInstance, readInstance } from "./instances.ts";
import { labelStore } from "./labels.ts";
import { isWrittenBy, type Marker, readMarker, union } from "./marker.ts";
import { type DvidVolumeName, formatDvidName, parseVolumeName } from "./name.ts";
import { rawLabelStore } from "./raw-labels.ts";
import { resolveVersion } from "./repos.ts";
import { describeOpened, notAsNeeded, type OpenedVolume } from "./volume.ts";

/** The name with the full id of its version, which stays the same when the branch goes on. */
export async function resolveName(rest: string, options?: CallOptions): Promise<DvidVolumeName> {
  const name = parseVolumeName(rest);
  return { ...name, version: await resolveVersion(connectDvid(name.origin), name.version, options) };
}

/** The store of a name. Errors of {@link openInstance}. */
export async function openDvidVolume(rest: string, options?: CallOptions): Promise<VolumeStore> {
  return storeOf(await openInstance(await resolveName(rest, options), options));
}

/**
 * What the server says of an instance. `E_SOURCE_NOT_FOUND`, `E_DVID_VERSION`, `E_DVID_INSTANCE`; `E_DESTINATION_EXISTS` when the name has an
 * owner, and another writes the volume now.
 */
export async function openInstance(name: DvidVolumeName, options?: CallOptions): Promise<OpenedVolume> {
  const connection = connectDvid(name.origin);
  const [instance, marker] = await Promise.all([
    readInstance(connection, name.version, name.instance, options),
    readMarker({ connection, uuid: name.version, instance: name.instance }, options),
  ]);
  if (name.owner !== undefined && !isWrittenBy(marker, name.owner)) {
    const source = formatDvidName(name);
    const found = marker === null ? "no mark of a volume" : `one that is ${marker.state}, of ${marker.owner || "no run"}`;
    const message = `${source}: expected a volume that ${name.owner} is writing, found ${found}: another has taken its place (options.mutateseg: yes); let one run at a time write to a version, and run again`;
    throw new AxonloomError("E_DESTINATION_EXISTS", message, { source, owner: marker?.owner ?? null });
  }
  return describeOpened(connection, name, instance, boundsOf(instance, marker));
}

/**
 * The extents, but while a volume is written: then the server knows whole blocks, and only those that are there. The extents of older types
 * cannot be set, so they are whole blocks for ever.
 */
function boundsOf(instance: DvidInstance, marker: Marker | null): Box | null {
  if (marker?.state === "writing") return marker.bounds;
  const { extents, blockSize } = instance;
  if (marker?.state !== "done" || extents === null || blockSize === null || !isOlder(instance)) return extents;
  const made = union(marker.bounds, marker.before);
  return contains(alignOut(made, blockSize), extents) ? made : extents;
}

/** Types of label instances that may be there already, but are not made. */
export function isOlder({ type }: DvidInstance): boolean {
  return type === "labelarray" || type === "labelblk";
}

function storeOf(opened: OpenedVolume): VolumeStore {
  const { instance, name } = opened;
  if (instance.type === "uint8blk" && !name.supervoxels) return greyStore(opened);
  if (instance.type === "labelmap" && hasGzip(opened)) {
    const store = labelStore(opened);
    return name.scale === 0 && !name.supervoxels ? { ...store, bodies: bodyIndex(opened) } : store;
  }
  if (instance.type === "labelmap") return rawLabelStore(opened);
  if (isOlder(instance)) return rawLabelStore(opened);
  const why =
    name.supervoxels && instance.type === "uint8blk"
      ? "it has no supervoxels"
      : "expected labelmap, labelarray, labelblk or uint8blk";
  throw notAsNeeded(formatDvidName(name), `it is a ${instance.type}: ${why}`);
}

/** Whether the server can send its blocks as they lie on its disk. */
export function hasGzip({ instance }: Pick<OpenedVolume, "instance">): boolean {
  return /gzip/i.test(instance.compression);
}
