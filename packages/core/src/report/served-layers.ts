/** Volumes as layers of Neuroglancer: those that lie in folders of this machine, as a server of one folder above them would show them. */
import { dirname, extname, relative, sep } from "node:path";
import { parseLocalName, splitScheme } from "../store/source-name.ts";
import type { NeuroglancerLayer } from "./neuroglancer.ts";

export interface ServedVolume {
  readonly type: "image" | "segmentation";
  readonly name: string;
  /** As in a configuration; what is not precomputed (a bare path without an ending is) is left out. */
  readonly source: string;
}

/** Where docs/how-to/view-in-neuroglancer.md lets a server listen. */
export const SERVER = "http://127.0.0.1:9100";

/** The folder to serve, and the layers below it; null when there is no volume that can be shown. */
export function servedLayers(
  volumes: readonly ServedVolume[],
): { readonly folder: string; readonly layers: readonly NeuroglancerLayer[] } | null {
  const there = volumes.flatMap((volume) => {
    const { scheme, rest } = splitScheme(volume.source) ?? { scheme: null, rest: volume.source };
    const isFolder = scheme === "precomputed" || (scheme === null && extname(rest) === "");
    return isFolder ? [{ ...volume, path: parseLocalName(rest).path }] : [];
  });
  if (there.length === 0) return null;
  let folder = dirname(there[0]!.path);
  while (there.some(({ path }) => !`${path}${sep}`.startsWith(folder === sep ? sep : `${folder}${sep}`))) folder = dirname(folder);
  const layers = there.map(({ type, name, path }) => {
    const place = relative(folder, path).split(sep).map(encodeURIComponent).join("/");
    return { type, name, url: `${SERVER}/${place}` };
  });
  return { folder, layers };
}
