/** The files of a heat map: JSON, pictures, and image layers for Neuroglancer whose voxels are the subvolumes. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { type HeatMapGrid, heatMapOf, largestOf, projectHeatMap } from "../../evaluate/heat-map.ts";
import { drawHeatMap } from "../../evaluate/heat-map-image.ts";
import type { EvaluationResult } from "../../evaluate/result.ts";
import { fromXyz, map3, toXyz, type Vec3 } from "../../geometry/box.ts";
import { createVolume, publishVolume } from "../../store/index.ts";

/** Each has pictures and a layer of its own. */
export const HEAT_MAP_MEASURES = ["merge_vi", "split_vi", "vi"] as const;

/** Fills a folder. @param cell size of the subvolumes, z, y, x. */
export async function writeHeatMap(folder: string, cell: Vec3, result: EvaluationResult, options: CallOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const ranges: Record<string, number> = {};
  for (const measure of HEAT_MAP_MEASURES) {
    const map = heatMapOf(result.subvolumes, cell, (found) => found[measure]);
    const most = largestOf(map);
    ranges[measure] = most;
    for (let z = 0; z < map.shape[0]; z++) {
      options.signal?.throwIfAborted();
      const voxel = String((map.first[0] + z) * cell[0]).padStart(5, "0");
      await writeFile(join(folder, `${measure}-z${voxel}.png`), drawHeatMap(map, z, most));
    }
    await writeFile(join(folder, `${measure}-max.png`), drawHeatMap(projectHeatMap(map), 0, most));
    await writeLayer(join(folder, measure), map, fromXyz(result.voxel_size_nm_xyz), options);
  }
  const { shape, first } = heatMapOf(result.subvolumes, cell, (found) => found.vi);
  const about = {
    cell_xyz: toXyz(cell),
    first_cell_xyz: toXyz(first),
    cells_xyz: toXyz(shape),
    largest: ranges,
    subvolumes: result.subvolumes,
  };
  await writeFile(join(folder, "heat-map.json"), `${JSON.stringify(about, null, 1)}\n`);
}

/** A precomputed image of float32, 0 where there is nothing. */
async function writeLayer(
  path: string,
  { shape, first, cell, values }: HeatMapGrid,
  voxelSizeNm: Vec3,
  options: CallOptions,
): Promise<void> {
  const destination = `precomputed://${path}`;
  const bounds = { start: first, stop: map3((a) => first[a] + shape[a]) };
  const size = map3((a) => cell[a] * voxelSizeNm[a]);
  const spec = { dtype: "float32", kind: "image", bounds, voxelSizeNm: size, options: { levels: 1 } } as const;
  const volume = await createVolume(destination, spec, options);
  await volume.write(bounds, { data: Float32Array.from(values, (value) => (Number.isNaN(value) ? 0 : value)), shape }, options);
  await publishVolume(destination, options);
}
