/** What an evaluation should find, computed for the whole volume by the plainest means: flood fill, all neighbours, all distances. */

export type Shape = readonly [nz: number, ny: number, nx: number];

export interface OracleOptions {
  readonly boundarySize: number;
  readonly components: boolean;
  /** 1 for voxels of the region. */
  readonly region: Uint8Array;
}

export interface OracleTable {
  /** `truth segment` → voxels and the first voxel. */
  readonly pairs: ReadonlyMap<string, { voxels: number; first: number }>;
  readonly names: { readonly truth: BigUint64Array; readonly segment: BigUint64Array };
}

export function wholeVolume(truth: BigUint64Array, segment: BigUint64Array, shape: Shape, options: OracleOptions): OracleTable {
  const t = truth.map((id, i) => (options.region[i] === 1 ? id : 0n));
  const s = segment.map((id, i) => (t[i] === 0n ? 0n : id));
  const counts = countedVoxels(t, shape, options.boundarySize);
  const names = options.components
    ? { truth: componentNames(t, shape), segment: componentNames(s, shape) }
    : { truth: t, segment: s };
  const pairs = new Map<string, { voxels: number; first: number }>();
  names.truth.forEach((id, i) => {
    if (id === 0n || counts[i] === 0) return;
    const key = `${id} ${names.segment[i]}`;
    const pair = pairs.get(key) ?? { voxels: 0, first: i };
    pair.voxels += 1;
    pairs.set(key, pair);
  });
  return { pairs, names };
}

function* offsets(radius: number, [nz, ny, nx]: Shape, i: number): Generator<number> {
  const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx];
  const r = Math.ceil(radius);
  for (let dz = -r; dz <= r; dz++) {
    for (let dy = -r; dy <= r; dy++) {
      for (let dx = -r; dx <= r; dx++) {
        if (dz * dz + dy * dy + dx * dx > radius * radius) continue;
        const [pz, py, px] = [z + dz, y + dy, x + dx];
        if (pz >= 0 && pz < nz && py >= 0 && py < ny && px >= 0 && px < nx) yield (pz * ny + py) * nx + px;
      }
    }
  }
}

function countedVoxels(labels: BigUint64Array, shape: Shape, radius: number): Uint8Array {
  const inner = Uint8Array.from(labels, (id, i) => {
    if (id === 0n) return 0;
    if (radius === 0) return 1;
    for (const k of offsets(1, shape, i)) if (labels[k] !== 0n && labels[k] !== id) return 0;
    return 1;
  });
  return inner.map((one, i) => {
    if (one === 0) return 0;
    for (const k of offsets(Math.max(0, radius - 1), shape, i)) if (inner[k] === 0) return 0;
    return 1;
  });
}

/** Ids, where pieces of a body in several pieces have 2^51, 2^51 + 1, … by body and first voxel. */
function componentNames(labels: BigUint64Array, shape: Shape): BigUint64Array {
  const pieceOf = new Int32Array(labels.length).fill(-1);
  const pieces: { id: bigint; first: number }[] = [];
  labels.forEach((id, start) => {
    if (id === 0n || pieceOf[start] !== -1) return;
    const piece = pieces.push({ id, first: start }) - 1;
    pieceOf[start] = piece;
    for (const stack = [start]; stack.length > 0; ) {
      for (const k of offsets(1, shape, stack.pop()!)) {
        if (labels[k] !== id || pieceOf[k] !== -1) continue;
        pieceOf[k] = piece;
        stack.push(k);
      }
    }
  });
  const known = new Set(labels);
  const name = new Map<number, bigint>();
  let next = 2n ** 51n;
  const sorted = [...pieces.keys()].sort((p, q) => Number(pieces[p]!.id - pieces[q]!.id) || pieces[p]!.first - pieces[q]!.first);
  for (const p of sorted) {
    const { id } = pieces[p]!;
    if (pieces.filter((other) => other.id === id).length < 2) continue;
    while (known.has(next)) next += 1n;
    name.set(p, next);
    next += 1n;
  }
  return labels.map((id, i) => (id === 0n ? 0n : (name.get(pieceOf[i]!) ?? id)));
}
