/** Opens an instance of a version as a volume. */
import type { CallOptions } from "../../call-options.ts";
import type { VolumeStore } from "../types.ts";
import { bodyIndex } from "./body-index.ts";
import { greyStore } from "./grey.ts";
import { connectDvid } from "./http.ts";
import { readInstance } from "./instances.ts";
import { labelStore } from "./labels.ts";
import { readMarker } from "./marker.ts";
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

/** What the server says of an instance. `E_SOURCE_NOT_FOUND`, `E_DVID_VERSION`, `E_DVID_INSTANCE`. */
export async function openInstance(name: DvidVolumeName, options?: CallOptions): Promise<OpenedVolume> {
  const connection = connectDvid(name.origin);
  const [instance, marker] = await Promise.all([
    readInstance(connection, name.version, name.instance, options),
    readMarker({ connection, uuid: name.version, instance: name.instance }, options),
  ]);
  // while it is written the server knows whole blocks, and only those that are there
  const bounds = marker?.state === "writing" ? marker.bounds : instance.extents;
  return describeOpened(connection, name, instance, bounds);
}

function storeOf(opened: OpenedVolume): VolumeStore {
  const { instance, name } = opened;
  if (instance.type === "uint8blk" && !name.supervoxels) return greyStore(opened);
  if (instance.type === "labelmap" && hasGzip(opened)) {
    const store = labelStore(opened);
    return name.scale === 0 && !name.supervoxels ? { ...store, bodies: bodyIndex(opened) } : store;
  }
  if (instance.type === "labelmap") return rawLabelStore(opened);
  if (instance.type === "labelarray" || instance.type === "labelblk") return rawLabelStore(opened);
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
