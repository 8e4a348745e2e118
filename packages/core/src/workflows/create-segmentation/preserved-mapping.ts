/**
 * Preserved bodies of the instance that is written are written back as supervoxels. They are the same bodies afterwards only if the written version
 * maps these supervoxels as the source does, which another branch, or work since, may have changed.
 */
import type { CallOptions } from "../../call-options.ts";
import { AxonloomError, isAxonloomError } from "../../errors.ts";
import { forEachParallel } from "../../parallel.ts";
import { openVolume } from "../../store/index.ts";
import type { VolumeStore } from "../../store/types.ts";
import type { PreservedBodies } from "./preserved.ts";

const BODIES_AT_ONCE = 8;
/** Bodies whose supervoxels are looked up together. */
const BODIES_A_LOOK = 1000;
/** So many bodies stand in an error. */
const MOST_NAMED = 10;

/** Refuses bodies whose supervoxels belong to others in the destination: `E_CONFIG_INVALID`. One request a body, where one instance is both. */
export async function checkPreservedMapping(
  preserved: PreservedBodies | null,
  destination: string,
  options: CallOptions = {},
): Promise<void> {
  if (preserved === null) return;
  const from = (await openVolume(preserved.source, options)).bodies;
  if (from === undefined) return;
  const to = (await openIfThere(destination, options))?.bodies;
  if (to === undefined || to.instance !== from.instance || to.supervoxels === from.supervoxels) return;
  const changed: string[] = [];
  for (let first = 0; first < preserved.bodies.length; first += BODIES_A_LOOK) {
    const bodies = [...preserved.bodies.subarray(first, first + BODIES_A_LOOK)];
    const supervoxels = new Map<bigint, readonly bigint[]>();
    const look = async (body: bigint) => void supervoxels.set(body, await from.supervoxelsOf(body, options));
    await forEachParallel(bodies, BODIES_AT_ONCE, look, options);
    const all = bodies.flatMap((body) => supervoxels.get(body)!);
    const now = await to.bodiesOf(all, options);
    let i = 0;
    for (const body of bodies) {
      let same = true;
      for (const _ of supervoxels.get(body)!) same = now[i++] === body && same;
      if (!same) changed.push(String(body));
    }
  }
  if (changed.length === 0) return;
  const named =
    changed.length > MOST_NAMED
      ? `${changed.slice(0, MOST_NAMED).join(", ")} and ${changed.length - MOST_NAMED} more`
      : changed.join(", ");
  throw new AxonloomError(
    "E_CONFIG_INVALID",
    `preserve-bodies: expected bodies that consist of the same supervoxels in ${preserved.source} and in ${destination}, found others for ${named}: ` +
      "they were merged, cleaved or split in between; take the written version, or its parent, as the source",
    { source: preserved.source, destination, bodies: changed.slice(0, MOST_NAMED) },
  );
}

async function openIfThere(source: string, options: CallOptions): Promise<VolumeStore | null> {
  try {
    return await openVolume(source, options);
  } catch (error) {
    if (isAxonloomError(error) && error.code.startsWith("E_SOURCE_")) return null;
    throw error;
  }
}
