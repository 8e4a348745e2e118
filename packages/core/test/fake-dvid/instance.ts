/** What all kinds of data instances share: their settings, `info`, and extents per version. */
import { type Answer, type Call, done, jsonObject, type Point, Refusal } from "./call.ts";
import { specOnly } from "./spec-only.ts";
import { newUuid, type Repo, type Version, Versioned } from "./versions.ts";

export interface Instance {
  readonly name: string;
  readonly type: string;
  readonly versioned: boolean;
  /** JSON; extents are those of the version. */
  info(version: Version): string;
  answer(call: Call, version: Version): Answer | Promise<Answer>;
}

/** Lower-cased keys of the POSTed configuration; values are read as texts only. */
export class Settings {
  readonly #values: ReadonlyMap<string, [key: string, value: unknown]>;

  constructor(config: Record<string, unknown>) {
    this.#values = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), [key, value]]));
  }

  text(name: string): string | undefined {
    const entry = this.#values.get(name.toLowerCase());
    if (entry === undefined) return undefined;
    if (typeof entry[1] !== "string") throw new Refusal(`Setting for '${name}' was not a string: ${JSON.stringify(entry[1])}`);
    return entry[1];
  }

  point(name: string, otherwise: Point): Point {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const numbers = text.split(",").map(Number);
    if (numbers.length !== 3 || numbers.some((n) => !Number.isFinite(n)))
      throw new Refusal(`Cannot convert ${JSON.stringify(text)} into a 3d point`);
    return numbers as unknown as Point;
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.text(name);
    return text === undefined ? otherwise : /^(true|1|on)$/i.test(text);
  }
}

export interface Base {
  readonly repo: Repo;
  readonly name: string;
  readonly type: string;
  readonly dataUuid: string;
  readonly compression: string;
  readonly versioned: boolean;
}

const TYPES: Readonly<Record<string, { url: string; version: string }>> = {
  uint8blk: { url: "imageblk/uint8.go", version: "0.2" },
  labelmap: { url: "labelmap", version: "0.1" },
  labelarray: { url: "labelarray", version: "0.1" },
  labelblk: { url: "labelblk", version: "0.1" },
  roi: { url: "roi", version: "0.1" },
  keyvalue: { url: "keyvalue", version: "0.2" },
};

export const knownType = (type: string): boolean => type in TYPES;

export function baseOf(repo: Repo, name: string, type: string, settings: Settings): Base {
  const usual = type === "labelmap" || type === "labelarray" ? "gzip" : "lz4";
  const wanted = settings.text("Compression")?.toLowerCase() ?? usual;
  const compression = wanted === "none" ? "No compression" : `${wanted === "lz4" ? "LZ4" : wanted} compression, level -1`;
  return { repo, name, type, dataUuid: newUuid(), compression, versioned: settings.flag("versioned", true) };
}

export function baseJson({ repo, name, type, dataUuid, compression, versioned }: Base): string {
  const { url, version } = TYPES[type]!;
  return JSON.stringify({
    TypeName: type,
    TypeURL: `github.com/janelia-flyem/dvid/datatype/${url}`,
    TypeVersion: version,
    DataUUID: dataUuid,
    Name: name,
    RepoUUID: repo.root,
    Compression: compression,
    Checksum: "No checksum",
    Syncs: [],
    Versioned: versioned,
    KVStore: "memory",
    LogStore: "memory",
    Tags: null,
  });
}

export interface Extents {
  readonly min: Point;
  readonly max: Point;
}

const union = (a: Extents | undefined, b: Extents): Extents => {
  if (a === undefined) return b;
  const pick = (f: (a: number, b: number) => number, p: Point, q: Point): Point => [f(p[0], q[0]), f(p[1], q[1]), f(p[2], q[2])];
  return { min: pick(Math.min, a.min, b.min), max: pick(Math.max, a.max, b.max) };
};

const same = (a: Extents | undefined, b: Extents): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Extents in voxels, both ends inside, inherited from ancestors. Beside those of the versions the server keeps the extents written last in
 * any version; where a version and its ancestors have none, they are taken for its own.
 */
export class ExtentsByVersion {
  readonly #values = new Versioned<Extents>();
  #last: Extents | undefined;

  of(version: Version): Extents | undefined {
    return this.#values.get(version, "") ?? this.#last;
  }

  set(version: Version, extents: Extents): void {
    this.#values.set(version, "", extents);
  }

  #keep(version: Version, more: Extents): void {
    const stored = this.#values.get(version, "");
    const grown = union(stored, more);
    if (same(stored, grown)) return;
    this.#last = grown;
    this.#values.set(version, "", grown);
  }

  /** As `POST raw` of grey values does. */
  grow(version: Version, more: Extents): void {
    this.#keep(version, more);
  }

  /** As `POST blocks` does. */
  growByBlocks(version: Version, more: Extents): void {
    const grown = union(this.of(version), more);
    if (!same(this.of(version), grown)) this.#keep(version, grown);
  }

  /** As `POST raw` of labels does: by the extents written last in any version, and not at all if the box lies in them. */
  growByRaw(version: Version, more: Extents): void {
    const grown = union(this.#last, more);
    if (same(this.#last, grown)) return;
    this.#last = grown;
    this.#keep(version, grown);
  }

  post(call: Call, version: Version): Answer {
    specOnly("extents");
    const { MinPoint, MaxPoint } = jsonObject(call.body) as { MinPoint: Point; MaxPoint: Point };
    this.set(version, { min: MinPoint, max: MaxPoint });
    return done;
  }
}

/** The shared head of `Extended` of volumes, and `Extents`. */
export function volumeJson(
  values: { dataType: string; label: string; interpolable: boolean },
  blockSize: Point,
  voxelSize: Point,
  units: readonly string[],
  extents: Extents | undefined,
): { extended: string; extents: string } {
  const index = (p: Point): Point => p.map((v, a) => Math.floor(v / blockSize[a as 0])) as unknown as Point;
  const text = JSON.stringify;
  const [min, max] = [extents?.min ?? null, extents?.max ?? null];
  const ends = `"MinPoint":${text(min)},"MaxPoint":${text(max)}`;
  return {
    extended:
      `"Values":[${text({ DataType: values.dataType, Label: values.label })}],"Interpolable":${values.interpolable},` +
      `"BlockSize":${text(blockSize)},"VoxelSize":${text(voxelSize)},"VoxelUnits":${text(units)},${ends},` +
      `"MinIndex":${text(min && index(min))},"MaxIndex":${text(max && index(max))},"Background":0,"GridStore":"","ScaleLevel":0`,
    extents: `{${ends}}`,
  };
}

/** `POST resolution`: three numbers. */
export function resolutionOf(body: Buffer): Point {
  const value: unknown = JSON.parse(body.toString());
  if (!Array.isArray(value) || value.length !== 3)
    throw new Refusal("json: cannot unmarshal value into Go value of type dvid.NdFloat32");
  return value as unknown as Point;
}

export const badCall = (call: Call, instance: Instance): Answer => ({
  status: 400,
  type: "text/plain; charset=utf-8",
  body: `Bad API call (${call.path}) for data ${JSON.stringify(instance.name)}.  See API help at http://localhost/api/help/${instance.type}\n`,
});
