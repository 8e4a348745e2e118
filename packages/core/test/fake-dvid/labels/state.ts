/** What a label instance holds: blocks by scale, indices, the mapping of supervoxels, and its ids; all but the last by version. */
import { gunzipSync, gzipSync } from "node:zlib";
import { Panic, type Point, ServerEnds } from "../call.ts";
import { countLabels, decodeBlock, encodeBlock, type LabelBlock, relabelled, tableOf, voxelsOf } from "../codec/block.ts";
import { ExtentsByVersion } from "../instance.ts";
import { type Repo, type Version, Versioned } from "../versions.ts";

export interface LabelIndex {
  readonly label: bigint;
  /** By block ({@link blockKey}): voxels of each supervoxel. */
  readonly blocks: Map<bigint, Map<bigint, number>>;
  lastMutid: bigint;
  lastModTime: string;
  lastModUser: string;
  lastModApp: string;
}

export const emptyIndex = (label: bigint): LabelIndex => ({
  label,
  blocks: new Map(),
  lastMutid: 0n,
  lastModTime: "",
  lastModUser: "",
  lastModApp: "",
});

/** z<<42 | y<<21 | x, each with its sign in bit 20. */
export function blockKey([x, y, z]: Point): bigint {
  const part = (v: number) => BigInt(v < 0 ? -v | (1 << 20) : v);
  return (part(z) << 42n) | (part(y) << 21n) | part(x);
}

export function placeOf(key: bigint): Point {
  const part = (shift: bigint) => {
    const bits = Number((key >> shift) & 0x1fffffn);
    return bits & (1 << 20) ? -(bits & 0xfffff) : bits;
  };
  return [part(0n), part(21n), part(42n)];
}

/** Voxels of each supervoxel that a write added to or took from a block. */
export type Change = { readonly key: bigint; readonly delta: Map<bigint, number> };

export class LabelState {
  readonly blockSize: Point;
  readonly maxDownres: number;
  readonly extents = new ExtentsByVersion();
  /** As they were posted: gzip around the block. */
  readonly #blocks = new Versioned<Buffer>();
  readonly indices = new Versioned<LabelIndex>();
  readonly mapping = new Versioned<bigint>();
  readonly maxLabel = new Map<number, bigint>();
  maxRepoLabel = 0n;
  nextLabel = 0n;
  readonly #repo: Repo;

  constructor(repo: Repo, blockSize: Point, maxDownres: number) {
    this.#repo = repo;
    this.blockSize = blockSize;
    this.maxDownres = maxDownres;
  }

  newMutation(): bigint {
    return BigInt(++this.#repo.mutationId);
  }

  // Blocks

  stored(version: Version, scale: number, place: Point): Buffer | undefined {
    return this.#blocks.get(version, `${scale}:${place}`);
  }

  store(version: Version, scale: number, place: Point, gzipped: Buffer): void {
    this.#blocks.set(version, `${scale}:${place}`, gzipped);
  }

  storeVoxels(version: Version, scale: number, place: Point, voxels: BigUint64Array): void {
    this.store(version, scale, place, gzipSync(encodeBlock(voxels, this.blockSize), { level: 1 }));
  }

  /** The serialised block, in bodies or in supervoxels. */
  bytes(version: Version, scale: number, place: Point, supervoxels: boolean): Uint8Array | undefined {
    const stored = this.stored(version, scale, place);
    if (stored === undefined) return undefined;
    const plain = gunzipSync(stored);
    return supervoxels ? plain : relabelled(plain, (label) => this.mapping.get(version, String(label)) ?? label);
  }

  /** Voxels of a block. A block that cannot be one of this instance ends the server, unless the call is about this block only. */
  voxels(version: Version, scale: number, place: Point, supervoxels: boolean, alone = false): BigUint64Array | undefined {
    const plain = this.bytes(version, scale, place, supervoxels);
    if (plain === undefined) return undefined;
    const block = this.decode(plain, alone);
    if (block.size.some((n, a) => n !== this.blockSize[a as 0])) {
      throw new (alone ? Panic : ServerEnds)(`runtime error: block ${place} has ${block.size} voxels`);
    }
    return voxelsOf(block);
  }

  decode(plain: Uint8Array, alone = false): LabelBlock {
    try {
      return decodeBlock(plain);
    } catch (error) {
      throw new (alone ? Panic : ServerEnds)(`runtime error: ${(error as Error).message}`);
    }
  }

  /** Recomputes the lower levels above the given blocks: the most frequent label of eight but 0, the smaller one on a tie. */
  downres(version: Version, places: Iterable<Point>): void {
    const [nx, ny, nz] = this.blockSize;
    let below = new Map([...places].map((p) => [p.join(), p]));
    for (let scale = 1; scale <= this.maxDownres; scale++) {
      const parents = new Map<string, BigUint64Array>();
      const above = new Map<string, Point>();
      for (const place of below.values()) {
        const parent = place.map((v) => Math.floor(v / 2)) as unknown as Point;
        const key = parent.join();
        above.set(key, parent);
        const target = parents.get(key) ?? this.voxels(version, scale, parent, true) ?? new BigUint64Array(nx * ny * nz);
        parents.set(key, target);
        const source = this.voxels(version, scale - 1, place, true)!;
        const corner = place.map((v, a) => (v - 2 * parent[a as 0]) * (this.blockSize[a as 0] / 2));
        for (let z = 0; z < nz / 2; z++)
          for (let y = 0; y < ny / 2; y++)
            for (let x = 0; x < nx / 2; x++) {
              target[((z + corner[2]!) * ny + y + corner[1]!) * nx + x + corner[0]!] = mode(
                source,
                (2 * z * ny + 2 * y) * nx + 2 * x,
                nx,
                nx * ny,
              );
            }
      }
      for (const [key, voxels] of parents) this.storeVoxels(version, scale, above.get(key)!, voxels);
      below = above;
    }
  }

  // Indices

  index(version: Version, label: bigint): LabelIndex | undefined {
    return this.indices.get(version, String(label));
  }

  /** Any index that is written raises maxlabel to its body; one without blocks is no more there. */
  putIndex(version: Version, index: LabelIndex): void {
    if (index.blocks.size === 0) this.indices.set(version, String(index.label), null);
    else this.keepIndex(version, index);
  }

  /** Also an index without blocks, which then counts as a body. */
  keepIndex(version: Version, index: LabelIndex): void {
    this.indices.set(version, String(index.label), index);
    this.raiseMaxLabel(version, index.label);
  }

  /** What the voxels of a block add; with `old`, less what they replace. */
  change(place: Point, voxels: LabelBlock, old?: LabelBlock): Change {
    const delta = countLabels(voxels);
    for (const [label, count] of old === undefined ? [] : countLabels(old)) delta.set(label, (delta.get(label) ?? 0) - count);
    delta.delete(0n);
    return { key: blockKey(place), delta };
  }

  /** Adds changes to the bodies' indices. A body with supervoxels takes only those that it has; a new one takes only its own id. */
  apply(version: Version, changes: readonly Change[]): void {
    const bodies = new Set<bigint>();
    let largest = 0n;
    for (const { delta } of changes)
      for (const supervoxel of delta.keys()) {
        // A supervoxel that only another line of versions maps is taken for body 0, and so gets lost.
        const body = this.mapping.get(version, String(supervoxel)) ?? (this.mapping.known(String(supervoxel)) ? 0n : supervoxel);
        bodies.add(body);
        if (supervoxel > largest) largest = supervoxel;
      }
    this.raiseMaxLabel(version, largest);
    bodies.delete(0n);
    for (const body of bodies) {
      const old = this.index(version, body);
      const index = old === undefined ? emptyIndex(body) : copyIndex(old);
      if (addTo(index, changes)) this.putIndex(version, index);
    }
  }

  // Ids

  effectiveMax(version: Version): bigint | undefined {
    let max: bigint | undefined;
    for (let v: Version | null = version; v !== null; v = v.parent) {
      const own = this.maxLabel.get(v.id);
      if (own !== undefined && (max === undefined || own > max)) max = own;
    }
    return max;
  }

  /** An entry of a version is never below what it inherits. */
  raiseMaxLabel(version: Version, label: bigint): void {
    const own = this.maxLabel.get(version.id);
    if (own !== undefined && own >= label) return;
    const inherited = this.effectiveMax(version) ?? 0n;
    this.maxLabel.set(version.id, inherited > label ? inherited : label);
    if (label > this.maxRepoLabel) this.maxRepoLabel = label;
  }

  raiseFromTable(version: Version, plain: Uint8Array): void {
    let max = 0n;
    for (const label of tableOf(plain)) if (label > max) max = label;
    if (max > 0n) this.raiseMaxLabel(version, max);
  }

  /** The next `count` ids of the instance, whatever the version. */
  newLabels(version: Version, count: bigint): { start: bigint; end: bigint } {
    const start = (this.nextLabel === 0n ? this.maxRepoLabel : this.nextLabel) + 1n;
    const end = start + count - 1n;
    if (this.nextLabel !== 0n) this.nextLabel = end;
    else this.maxRepoLabel = end;
    const inherited = this.effectiveMax(version) ?? 0n;
    this.maxLabel.set(version.id, end > inherited ? end : inherited);
    return { start, end };
  }
}

/** False when more would be taken from a block than it has: then the body's index stays as it was. */
function addTo(index: LabelIndex, changes: readonly Change[]): boolean {
  const own = new Set(supervoxelsOf(index).keys());
  if (own.size === 0) own.add(index.label);
  for (const { key, delta } of changes)
    for (const [supervoxel, count] of delta) {
      if (!own.has(supervoxel) || count === 0) continue;
      const counts = index.blocks.get(key) ?? new Map<bigint, number>();
      const sum = (counts.get(supervoxel) ?? 0) + count;
      if (sum < 0) return false;
      if (sum > 0) counts.set(supervoxel, sum);
      else counts.delete(supervoxel);
      if (counts.size > 0) index.blocks.set(key, counts);
      else index.blocks.delete(key);
    }
  return true;
}

/** Voxels of each supervoxel of a body. */
export function supervoxelsOf(index: LabelIndex): Map<bigint, bigint> {
  const sums = new Map<bigint, bigint>();
  for (const counts of index.blocks.values())
    for (const [supervoxel, count] of counts) sums.set(supervoxel, (sums.get(supervoxel) ?? 0n) + BigInt(count));
  return sums;
}

export const sizeOf = (index: LabelIndex | undefined): bigint =>
  index === undefined ? 0n : [...supervoxelsOf(index).values()].reduce((a, b) => a + b, 0n);

export const copyIndex = (index: LabelIndex): LabelIndex => ({
  ...index,
  blocks: new Map([...index.blocks].map(([key, counts]) => [key, new Map(counts)])),
});

function mode(voxels: BigUint64Array, at: number, row: number, slice: number): bigint {
  let [best, most] = [0n, 0];
  const seen = [0, 1, row, row + 1, slice, slice + 1, slice + row, slice + row + 1].map((step) => voxels[at + step]!);
  for (const label of seen) {
    if (label === 0n) continue;
    let count = 0;
    for (const other of seen) if (other === label) count++;
    if (count > most || (count === most && label < best)) [best, most] = [label, count];
  }
  return best;
}
