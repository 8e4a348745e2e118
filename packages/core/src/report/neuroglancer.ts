/** Links that open volumes in Neuroglancer. */
import { type Box, map3, toXyz, type Vec3 } from "../geometry/box.ts";

export interface NeuroglancerLayer {
  readonly type: "image" | "segmentation";
  readonly name: string;
  /** Where the browser finds a precomputed volume, e.g. `http://127.0.0.1:9100/segmentation`. */
  readonly url: string;
  /** Of a segmentation: ids (decimal) that are drawn; without them all are. */
  readonly segments?: readonly string[];
}

const VIEWER = "https://neuroglancer-demo.appspot.com/";

/** A link to a public viewer that looks at the middle of `bounds`. The state of the viewer is the JSON behind `#!`. */
export function neuroglancerLink(layers: readonly NeuroglancerLayer[], bounds: Box, voxelSizeNm: Vec3): string {
  const [x, y, z] = toXyz(voxelSizeNm).map((nm) => [nm / 1e9, "m"]);
  const state = {
    dimensions: { x, y, z },
    position: toXyz(map3((axis) => Math.floor((bounds.start[axis] + bounds.stop[axis]) / 2))),
    layers: layers.map(({ url, ...layer }) => ({ ...layer, source: `precomputed://${url}` })),
    layout: "4panel",
  };
  return `${VIEWER}#!${encodeURIComponent(JSON.stringify(state))}`;
}
