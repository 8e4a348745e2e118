/**
 * Rows as Spark holds them. Keys are UTF-16, big-endian, so that Spark's order of bytes is the order of texts everywhere in this program.
 * `seq` orders the rows of one dataset: position in `parallelize`, then the position in what a task made of that row. A large value is cut
 * in pieces (`part` of `parts`) that stay together, because a row of Spark must be far smaller than 2 GiB. A row with a `note` carries what
 * a task says, and no value.
 */
export const ROW_COLUMNS = ["seq", "key", "part", "parts", "value", "note"] as const;
export const ROW_SCHEMA = "seq binary, key binary, part int, parts int, value binary, note binary";
/** Rows in their places begin with the partition that they lie in. */
export const PLACED_COLUMNS = ["pid", ...ROW_COLUMNS] as const;
/** A group's rows also tell from which side of a cogroup they come. */
export const GROUP_COLUMNS = ["seq", "key", "side", "part", "parts", "value"] as const;

export type WireRow = {
  readonly seq: Uint8Array;
  readonly key: Uint8Array;
  readonly part: number;
  readonly parts: number;
  readonly value: Uint8Array | null;
  readonly note: Uint8Array | null;
};

/** Two of them and their batch stay below the 64 MiB at which Spark cuts batches. */
export const PIECE_BYTES = 24 * 2 ** 20;

export function encodeKey(key: string): Uint8Array {
  return Buffer.from(key, "utf16le").swap16();
}

export function decodeKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).swap16().toString("utf16le"); // a copy: the bytes may be shared
}

/** Compares as the bytes of {@link encodeKey} do. */
export function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Big-endian, so that the order of bytes is that of numbers. */
export function encodeIndex(index: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(index);
  return bytes;
}

/** A group's place among others: its key, ended so that a longer key never comes between it and what follows. */
export function seqOfKey(key: string): Uint8Array {
  return Buffer.concat([encodeKey(key.replaceAll("\0", "\0\u0001")), Buffer.alloc(4)]);
}

export function* valueRows(seq: Uint8Array, key: Uint8Array, value: Uint8Array, pieceBytes = PIECE_BYTES): Generator<WireRow> {
  const parts = Math.max(1, Math.ceil(value.length / pieceBytes));
  for (let part = 0; part < parts; part++) {
    yield { seq, key, part, parts, value: value.subarray(part * pieceBytes, (part + 1) * pieceBytes), note: null };
  }
}

export function noteRow(seq: Uint8Array, key: Uint8Array, note: Uint8Array): WireRow {
  return { seq, key, part: 0, parts: 0, value: null, note };
}

/** Puts the pieces of values together again; they come one after another. */
export class Pieces {
  #pieces: Uint8Array[] = [];

  /** The whole value when this was its last piece. */
  add(piece: Uint8Array, part: number, parts: number): Uint8Array | null {
    if (parts === 1) return piece;
    if (part !== this.#pieces.length)
      throw new Error(`expected piece ${this.#pieces.length} of a row, found piece ${part} of ${parts}`);
    this.#pieces.push(piece);
    if (this.#pieces.length < parts) return null;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return whole;
  }
}
