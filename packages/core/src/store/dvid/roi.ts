/** ROIs of a DVID server. Only their runs are read: partitions and masks are made here, so that they do not depend on the server. */
import { z } from "zod";
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError } from "../../errors.ts";
import { toXyz } from "../../geometry/box.ts";
import { splitScheme } from "../source-name.ts";
import { apiPath, connectDvid } from "./http.ts";
import { readInstance } from "./instances.ts";
import { parseVolumeName } from "./name.ts";
import { jsonOf, resolveVersion } from "./repos.ts";

export interface DvidRoi {
  /** Runs `[z, y, x_first, x_last]` in blocks, the last one included. */
  readonly runs: readonly (readonly [number, number, number, number])[];
  /** Edge of a block of the ROI in voxels, which need not be that of the data. */
  readonly blockSize: number;
}

const runsSchema = z.array(z.tuple([z.int(), z.int(), z.int(), z.int()]));

/**
 * The ROI `dvid://host:port/<version>/<instance>`. `E_SOURCE_NAME`, `E_DVID_VERSION`, `E_SOURCE_NOT_FOUND`, `E_DVID_INSTANCE` for what is no
 * ROI of cubic blocks, `E_ROI_INVALID` for an empty one.
 */
export async function readDvidRoi(source: string, options: CallOptions = {}): Promise<DvidRoi> {
  const { origin, version, instance } = parseVolumeName(splitScheme(source)?.rest ?? source);
  const connection = connectDvid(origin);
  const uuid = await resolveVersion(connection, version, options);
  const { type, blockSize } = await readInstance(connection, uuid, instance, options);
  if (type !== "roi") {
    throw new AxonloomError("E_DVID_INSTANCE", `${source}: expected an instance of type roi, found ${type}; name an ROI`, {
      source,
      type,
    });
  }
  const edge = blockSize?.[0] ?? 0;
  if (blockSize === null || edge < 1 || blockSize.some((n) => n !== edge)) {
    const found = blockSize === null ? "none" : toXyz(blockSize).join(" × ");
    throw new AxonloomError(
      "E_DVID_INSTANCE",
      `${source}: expected an ROI of cubic blocks, found ${found}; make one of such blocks`,
      {
        source,
        blockSize,
      },
    );
  }
  const call = { method: "GET", path: apiPath("node", uuid, instance, "roi") } as const;
  const runs = await connection.read(call, (answer) => runsSchema.parse(jsonOf(answer)), options);
  if (runs.length === 0) {
    throw new AxonloomError(
      "E_ROI_INVALID",
      `${source}: the ROI is empty; a server also empties an ROI when it refuses new runs: post them again, or name another ROI`,
      { source },
    );
  }
  return { runs, blockSize: edge };
}
