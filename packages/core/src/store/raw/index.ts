/**
 * A bare array in a file, plain or gzip'd: `raw://labels.u32.raw.gz?shape=512,512,512&dtype=uint32` (shape x, y, z; little endian,
 * x fastest). Read only.
 */
import { volumeOf } from "../../geometry/box.ts";
import { BYTES_PER_VOXEL } from "../../volume/block.ts";
import { checkSize, statOrNull } from "../files.ts";
import { flatStore, PLACE_KEYS, placeOf } from "../flat-volume.ts";
import { startsLikeGzip } from "../gzip-file.ts";
import { normaliseLocal } from "../local-lifecycle.ts";
import { checkQueryKeys, formatLocalName, malformed, parseLocalName, queryDtype, queryVec3 } from "../source-name.ts";
import type { StoreDriver } from "../types.ts";

export const RAW_FORM = "raw://path?shape=250,250,250&dtype=uint8";

export const rawDriver: StoreDriver = {
  scheme: "raw",
  summary: `a bare little-endian array, plain or gzip'd: ${RAW_FORM} (read only)`,

  async matches() {
    return false;
  },

  normalise: normaliseLocal,

  async open(rest, options = {}) {
    const name = parseLocalName(rest);
    checkQueryKeys(name, ["shape", "dtype", ...PLACE_KEYS]);
    const shape = queryVec3(name, "shape", "count");
    const dtype = queryDtype(name);
    const source = `raw://${formatLocalName(name)}`;
    if (shape === null || dtype === null) {
      throw malformed(source, `a raw file does not say what it holds: expected shape (x,y,z) and dtype, as in ${RAW_FORM}`);
    }
    const bytes = volumeOf(shape) * BYTES_PER_VOXEL[dtype];
    if (!Number.isSafeInteger(bytes)) throw malformed(source, "the shape is too large");
    const place = placeOf(name);
    const gzip = await isGzipped(source, name.path, bytes);
    if (!gzip) await checkSize(source, name.path, bytes);
    options.signal?.throwIfAborted();
    return flatStore({
      ...place,
      source,
      path: name.path,
      dataOffset: 0,
      dtype,
      shape,
      gzip,
      signed: false,
      writable: false,
      details: { format: "raw", gzip },
    });
  },
};

/** A plain array may begin like a gzip file by chance: then its size tells. */
async function isGzipped(source: string, path: string, plainBytes: number): Promise<boolean> {
  if (!(await startsLikeGzip(source, path))) return false;
  return path.endsWith(".gz") || Number((await statOrNull(path))?.size) !== plainBytes;
}
