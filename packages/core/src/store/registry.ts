/**
 * Opens and makes volumes by name.
 *
 * @example
 * const store = await openVolume("precomputed:///data/segmentation");
 * const { bounds } = await store.info();
 * const block = await store.read(bounds);
 */
import { basename } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { statOrNull } from "./files.ts";
import { formatLocalName, parseLocalName, splitScheme } from "./source-name.ts";
import type { MakeOptions, SourceOptions, StoreDriver, StoreWriter, VolumeSpec, VolumeStore, WriteGrid } from "./types.ts";

/** Every driver, loaded when first used. A new store is one line here and a folder beside this file. */
export const DRIVERS: Readonly<Record<string, () => Promise<StoreDriver>>> = {
  precomputed: async () => (await import("./precomputed/index.ts")).precomputedDriver,
  images: async () => (await import("./images/index.ts")).imagesDriver,
  npy: async () => (await import("./npy/index.ts")).npyDriver,
  raw: async () => (await import("./raw/index.ts")).rawDriver,
  dvid: async () => (await import("./dvid/index.ts")).dvidDriver,
};

/** Where relative paths start, and how a volume is made. */
export type DestinationOptions = SourceOptions & MakeOptions;

interface Resolved {
  readonly driver: StoreDriver;
  /** Normalised. */
  readonly rest: string;
}

/** Opens a volume: `precomputed://…`, `images://…`, `npy://…`, `raw://…`, `dvid://…` or a bare path of an obvious kind. */
export async function openVolume(source: string, options: SourceOptions = {}): Promise<VolumeStore> {
  const { driver, rest } = await resolve(source, options, "source");
  return await driver.open(rest, options);
}

/**
 * Makes an empty (all zero) volume that is not published: where names are paths under a temporary name beside its final one, to which
 * {@link publishVolume} renames it. A bare path is a precomputed folder, or npy when it ends so. `E_DESTINATION_EXISTS` unless the name is
 * free; with `replace` a finished volume may be there, and stays until the new one is published.
 */
export async function createVolume(destination: string, spec: VolumeSpec, options: DestinationOptions = {}): Promise<VolumeStore> {
  const { writer, rest } = await resolveWriter(destination, options);
  return await writer.create(rest, spec, options);
}

/** The write grid that {@link createVolume} would give, without making anything; null when it can only be written whole. */
export async function planWriteGrid(destination: string, spec: VolumeSpec, options: SourceOptions = {}): Promise<WriteGrid | null> {
  const { writer, rest } = await resolveWriter(destination, options);
  return writer.planWriteGrid(rest, spec);
}

/** How ids are given at a destination. */
export interface IdRules {
  /** null: what 64 bit hold. */
  readonly highest: bigint | null;
  /** Of {@link StoreWriter.reserveIds}; null where a destination starts empty. */
  readonly reserve: ((count: number, wished: bigint, options?: CallOptions) => Promise<bigint>) | null;
}

export async function idRules(destination: string, options: SourceOptions = {}): Promise<IdRules> {
  const { writer, rest } = await resolveWriter(destination, options);
  return {
    highest: writer.highestId ?? null,
    reserve: writer.reserveIds === undefined ? null : (count, wished, o) => writer.reserveIds!(rest, count, wished, o),
  };
}

/** Gives a made volume its final name in one step; with `replace` a finished volume of that name gives way. Repeatable. */
export async function publishVolume(destination: string, options: DestinationOptions = {}): Promise<VolumeStore> {
  const { writer, rest } = await resolveWriter(destination, options);
  return await writer.publish(rest, options);
}

/** Whether something lies under the destination's final name. */
export async function volumeExists(destination: string, options: SourceOptions = {}): Promise<boolean> {
  const { writer, rest } = await resolveWriter(destination, options);
  return await writer.exists(rest, options);
}

/**
 * What {@link createVolume} made and nobody published yet, to go on writing; null when there is none, or when making it was broken off.
 */
export async function openUnpublished(destination: string, options: DestinationOptions = {}): Promise<VolumeStore | null> {
  const { writer, rest } = await resolveWriter(destination, options);
  return await writer.openUnpublished(rest, options);
}

/** Takes back what {@link createVolume} made and nobody published; a finished volume stays. */
export async function discardUnpublished(destination: string, options: DestinationOptions = {}): Promise<void> {
  const { writer, rest } = await resolveWriter(destination, options);
  await writer.discardUnpublished(rest, options);
}

/**
 * Whether a volume can be made here, without making anything: `E_DESTINATION_EXISTS` when the name is taken (by something that may not be
 * replaced), `E_WRITE_FAILED` when nothing can be made or written there.
 */
export async function checkCanCreate(destination: string, options: DestinationOptions = {}): Promise<void> {
  const { writer, rest } = await resolveWriter(destination, options);
  await writer.checkCanCreate(rest, options);
}

/** The destination's name with its scheme, meaning the same everywhere: an absolute path, a version's full id. */
export async function normaliseDestination(destination: string, options: SourceOptions = {}): Promise<string> {
  const { driver, rest } = await resolve(destination, options, "destination");
  return `${driver.scheme}://${rest}`;
}

async function resolveWriter(destination: string, options: SourceOptions): Promise<{ writer: StoreWriter; rest: string }> {
  const { driver, rest } = await resolve(destination, options, "destination");
  if (driver.writer === undefined) throw cannotWrite(destination, driver);
  return { writer: driver.writer, rest };
}

async function resolve(text: string, options: SourceOptions, role: "source" | "destination"): Promise<Resolved> {
  const split = splitScheme(text);
  if (split === null || split.scheme === "file") return await resolveBare(text, options.baseFolder, role);
  const load = Object.hasOwn(DRIVERS, split.scheme) ? DRIVERS[split.scheme] : undefined;
  if (load === undefined) throw await unknownScheme(text, split.scheme);
  const driver = await load();
  return { driver, rest: await driver.normalise(split.rest, options) };
}

async function resolveBare(text: string, baseFolder: string | undefined, role: "source" | "destination"): Promise<Resolved> {
  const name = parseLocalName(text, baseFolder);
  const { path } = name;
  const found = (driver: StoreDriver) => ({ driver, rest: formatLocalName(name) });
  if (role === "source" && (await statOrNull(path)) === null) {
    throw new AxonloomError("E_SOURCE_NOT_FOUND", `${path} does not exist; check the path`, { source: text, path });
  }
  const drivers = await Promise.all(Object.values(DRIVERS).map((load) => load()));
  for (const driver of drivers) if (await driver.matches(path)) return found(driver);
  if (role === "destination" && !basename(path).includes(".")) {
    return found(drivers.find((driver) => driver.scheme === "precomputed")!);
  }
  throw new AxonloomError(
    "E_SOURCE_UNKNOWN",
    `the kind of ${path} is not obvious from its name or content; expected one of:\n${listOf(drivers)}`,
    { source: text, path },
  );
}

async function unknownScheme(text: string, scheme: string): Promise<AxonloomError> {
  const known = Object.keys(DRIVERS);
  const near = closest(scheme, known);
  const hint = near === null ? "" : `; did you mean "${near}://"?`;
  const drivers = await Promise.all(Object.values(DRIVERS).map((load) => load()));
  const remote = /^(https?|gs|s3)$/.test(scheme) ? "; remote volumes are not read: copy or mount the data" : "";
  return new AxonloomError(
    "E_SOURCE_UNKNOWN",
    `"${text}": unknown scheme "${scheme}://"${hint}${remote}; expected one of:\n${listOf(drivers)}`,
    {
      source: text,
      scheme,
      known,
    },
  );
}

function listOf(drivers: readonly StoreDriver[]): string {
  return drivers.map(({ scheme, summary }) => `  ${scheme}://  ${summary}`).join("\n");
}

function cannotWrite(destination: string, driver: StoreDriver): AxonloomError {
  return new AxonloomError(
    "E_SOURCE_UNSUPPORTED",
    `${destination}: ${driver.scheme}:// is read only; write to precomputed:// or npy:// instead`,
    { source: destination, scheme: driver.scheme },
  );
}
