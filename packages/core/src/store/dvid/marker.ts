/**
 * What this program notes beside an instance that it writes. A server has no temporary names: a version that is not committed is what is
 * unpublished, and a key in the keyvalue instance `<instance>_axonloom` says whose volume it is and how far it is.
 */
import { z } from "zod";
import type { CallOptions } from "../../call-options.ts";
import { type Box, box, map3 } from "../../geometry/box.ts";
import { getKey, type KeyValuePlace, putKey } from "./key-value.ts";

export interface Marker {
  /** Full id of the version in which the volume was made; later versions inherit the key and are not meant. */
  readonly version: string;
  readonly owner: string;
  readonly state: "writing" | "done" | "discarded";
  /** Of the volume; what the server knows of it while it is written are whole blocks. */
  readonly bounds: Box;
  /** Where the instance had voxels before. */
  readonly before: Box | null;
  /** Whether the owner found no label in any version when it began. */
  readonly empty: boolean;
}

const KEY = "run";

const vec3 = z.tuple([z.number(), z.number(), z.number()]);
const boxSchema = z.object({ start: vec3, stop: vec3 }).transform(({ start, stop }) => box(start, stop));
const markerSchema = z.object({
  version: z.string(),
  owner: z.string(),
  state: z.enum(["writing", "done", "discarded"]),
  bounds: boxSchema,
  before: boxSchema.nullable(),
  empty: z.boolean().default(false),
});

/** The keyvalue instance that belongs to an instance. */
export function notesOf(place: KeyValuePlace): KeyValuePlace {
  return { ...place, instance: `${place.instance}_axonloom` };
}

/** The marker of the instance in this very version; null when there is none. */
export async function readMarker(place: KeyValuePlace, options?: CallOptions): Promise<Marker | null> {
  const bytes = await getKey(notesOf(place), KEY, options);
  if (bytes === null) return null;
  const marker = markerSchema.safeParse(parsed(bytes));
  return marker.success && marker.data.version === place.uuid ? marker.data : null;
}

export async function writeMarker(place: KeyValuePlace, marker: Marker, options?: CallOptions): Promise<void> {
  await putKey(notesOf(place), KEY, JSON.stringify(marker), options);
}

export function isWrittenBy(marker: Marker | null, owner: string): boolean {
  return marker?.state === "writing" && marker.owner === owner;
}

/** The smallest box that holds both. */
export function union(a: Box, b: Box | null): Box {
  if (b === null) return a;
  return box(
    map3((i) => Math.min(a.start[i], b.start[i])),
    map3((i) => Math.max(a.stop[i], b.stop[i])),
  );
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null; // somebody else's key
  }
}
