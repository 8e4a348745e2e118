/**
 * First-in-first-out queues of voxel indices, one per level, in chunks of one array.
 *
 *     level 3   head ──▸[ i i i i ▸][ i i · · · ]◂── tail        last word of a chunk: start of the next
 *     free  ──▸[ · · · · ▸][ · · · · ▸] 0
 *
 * Read chunks are used again, so all queues together take little more than 4 bytes per voxel that waits.
 */
const CHUNK = 64;
const LAST = CHUNK - 1;

export class LevelQueue {
  private readonly pool: Int32Array;
  private readonly head: Int32Array; // position of the next voxel to read, 0 before a level's first chunk
  private readonly tail: Int32Array; // position of the next to write
  private fresh = CHUNK; // the first chunk is not used: position 0 means none
  private free = 0;

  /** At most `voxels` wait at a time. The pool costs memory only where it is touched. */
  constructor(levels: number, voxels: number) {
    this.pool = new Int32Array((Math.ceil(voxels / LAST) + Math.min(levels, voxels) + 1) * CHUNK);
    this.head = new Int32Array(levels);
    this.tail = new Int32Array(levels);
  }

  push(level: number, voxel: number): void {
    let position = this.tail[level]!;
    if (position === 0 || (position & LAST) === LAST) position = this.extend(level, position);
    this.pool[position] = voxel;
    this.tail[level] = position + 1;
  }

  /** The voxel that waits longest at `level`, or -1. */
  pop(level: number): number {
    let position = this.head[level]!;
    if (position === this.tail[level]!) return -1;
    if ((position & LAST) === LAST) {
      const next = this.pool[position]!;
      this.pool[position] = this.free;
      this.free = position - LAST;
      position = next;
    }
    this.head[level] = position + 1;
    return this.pool[position]!;
  }

  private extend(level: number, end: number): number {
    let chunk = this.free;
    if (chunk === 0) {
      chunk = this.fresh;
      this.fresh += CHUNK;
    } else this.free = this.pool[chunk + LAST]!;
    if (end === 0) this.head[level] = chunk;
    else this.pool[end] = chunk;
    return chunk;
  }
}
