/**
 * Columns from JavaScript values. Arrow's own builders turn what does not fit into something else without a word (2^40 as an int, a text as a
 * dictionary); here a value that does not fit is an error that names column, row, expected type and found value.
 */
import { type Data, DataType, type Field, type List, type Map_, makeData, type Struct } from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";

/** `undefined` is null. Throws `E_SPARK_SCHEMA`. */
export function encodeColumn(field: Field, values: readonly unknown[], path = field.name): Data {
  const { type } = field;
  const column = new Column(field, values, path);
  if (DataType.isBool(type)) return column.bits();
  if (DataType.isInt(type) && type.isSigned) return type.bitWidth === 64 ? column.longs(asLong) : column.ints(type.bitWidth);
  if (DataType.isFloat(type)) return type.precision === 2 ? column.floats(Float64Array) : column.floats(Float32Array);
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return column.bytes(Int32Array, Number);
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) return column.bytes(BigInt64Array, BigInt);
  if (DataType.isDate(type)) return column.days();
  if (DataType.isTimestamp(type)) return column.longs(asMicroseconds);
  if (DataType.isDecimal(type)) return column.decimals();
  if (DataType.isList(type)) return column.lists(type);
  if (DataType.isMap(type)) return column.maps(type);
  if (DataType.isStruct(type)) return column.structs(type);
  throw new SparkConnectError("E_SPARK_SCHEMA", `expected a type that can be made from values for column "${path}", found ${type}`);
}

interface OffsetArray<T> {
  new (length: number): Int32Array | BigInt64Array;
  readonly prototype: { [index: number]: T };
}

class Column {
  readonly #field: Field;
  readonly #values: readonly unknown[];
  readonly #path: string;
  readonly #valid: { readonly nullCount: number; readonly nullBitmap?: Uint8Array };

  constructor(field: Field, values: readonly unknown[], path: string) {
    this.#field = field;
    this.#values = values;
    this.#path = path;
    this.#valid = this.#validity();
  }

  bits(): Data {
    const bits = new Uint8Array(bitmapBytes(this.#values.length));
    this.#each((value, i) => {
      if (typeof value !== "boolean") throw this.#wrong(value, i, "true or false");
      if (value) setBit(bits, i);
    });
    return this.#data({ data: bits });
  }

  ints(bitWidth: number): Data {
    const data = new (bitWidth === 8 ? Int8Array : bitWidth === 16 ? Int16Array : Int32Array)(this.#values.length);
    const limit = 2 ** (bitWidth - 1);
    this.#each((value, i) => {
      if (typeof value !== "number" || !Number.isInteger(value) || value < -limit || value >= limit) {
        throw this.#wrong(value, i, `a whole number of ${bitWidth} bits`);
      }
      data[i] = value;
    });
    return this.#data({ data });
  }

  longs(convert: (value: unknown) => bigint | null): Data {
    const data = new BigInt64Array(this.#values.length);
    this.#each((value, i) => {
      const long = convert(value);
      if (long === null || BigInt.asIntN(64, long) !== long) throw this.#wrong(value, i, LONG_HINT);
      data[i] = long;
    });
    return this.#data({ data });
  }

  floats(ArrayType: typeof Float32Array | typeof Float64Array): Data {
    const data = new ArrayType(this.#values.length);
    this.#each((value, i) => {
      if (typeof value !== "number") throw this.#wrong(value, i, "a number");
      data[i] = value;
    });
    return this.#data({ data });
  }

  days(): Data {
    const data = new Int32Array(this.#values.length);
    this.#each((value, i) => {
      const days = value instanceof Date ? Math.floor(value.getTime() / 86_400_000) : value;
      if (typeof days !== "number" || (days | 0) !== days) throw this.#wrong(value, i, "a Date, or whole days since 1970");
      data[i] = days;
    });
    return this.#data({ data });
  }

  decimals(): Data {
    const data = new BigInt64Array(2 * this.#values.length);
    const { precision, scale } = this.#field.type as unknown as { precision: number; scale: number };
    const limit = 10n ** BigInt(precision);
    this.#each((value, i) => {
      const digits = typeof value === "string" ? unscaled(value, scale) : value;
      if (typeof digits !== "bigint" || digits <= -limit || digits >= limit) {
        throw this.#wrong(
          value,
          i,
          `a text such as "${(1.5).toFixed(scale)}", or a bigint (all digits, without the point), of ${precision} digits`,
        );
      }
      data[2 * i] = BigInt.asIntN(64, digits);
      data[2 * i + 1] = digits >> 64n;
    });
    return this.#data({ data: new Uint32Array(data.buffer) });
  }

  bytes<T extends number | bigint>(Offsets: OffsetArray<T>, toOffset: (value: number) => T): Data {
    const isText = DataType.isUtf8(this.#field.type) || DataType.isLargeUtf8(this.#field.type);
    const pieces: (Uint8Array | null)[] = new Array(this.#values.length).fill(null);
    const valueOffsets = new Offsets(this.#values.length + 1);
    this.#each((value, i) => {
      const piece = isText ? (typeof value === "string" ? Buffer.from(value) : null) : asBytes(value);
      if (piece === null) throw this.#wrong(value, i, isText ? "a string" : "a Uint8Array");
      pieces[i] = piece;
    });
    let total = 0;
    for (let i = 0; i < pieces.length; i++) {
      total += pieces[i]?.length ?? 0;
      valueOffsets[i + 1] = toOffset(total);
    }
    if (total > 0x7fffffff && Offsets === (Int32Array as unknown))
      throw this.#wrong(`${total} bytes`, 0, "less than 2 GiB in a batch");
    const data = new Uint8Array(total);
    let at = 0;
    for (const piece of pieces) {
      if (piece === null) continue;
      data.set(piece, at);
      at += piece.length;
    }
    return this.#data({ valueOffsets, data });
  }

  lists(type: List): Data {
    const items: unknown[] = [];
    const valueOffsets = this.#offsets((value, i) => {
      if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) throw this.#wrong(value, i, "an array");
      for (const item of value as Iterable<unknown>) items.push(item);
      return items.length;
    });
    const child = encodeColumn(type.children[0]!, items, `${this.#path}[]`);
    return this.#data({ valueOffsets, child });
  }

  maps(type: Map_): Data {
    const entries: unknown[] = [];
    const valueOffsets = this.#offsets((value, i) => {
      if (typeof value !== "object" || value === null) throw this.#wrong(value, i, "a Map or an object");
      for (const [key, item] of value instanceof Map ? value : Object.entries(value)) entries.push([key, item]);
      return entries.length;
    });
    const child = encodeColumn(type.children[0] as unknown as Field, entries, `${this.#path}{}`);
    return this.#data({ valueOffsets, child });
  }

  structs(type: Struct): Data {
    this.#each((value, i) => {
      if (typeof value !== "object" || value === null) throw this.#wrong(value, i, "an object");
    });
    const children = type.children.map((child, at) => {
      const values = this.#values.map((value) => memberOf(value, child.name, at));
      // below a null nothing is required
      const field = this.#valid.nullCount > 0 ? child.clone({ nullable: true }) : child;
      return encodeColumn(field, values, `${this.#path}.${child.name}`);
    });
    return this.#data({ children });
  }

  /** Ends of variable-length values: `end` gives the end of the value at `i`. */
  #offsets(end: (value: unknown, i: number) => number): Int32Array {
    const offsets = new Int32Array(this.#values.length + 1);
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i];
      offsets[i + 1] = value === null || value === undefined ? offsets[i]! : end(value, i);
    }
    return offsets;
  }

  #each(visit: (value: unknown, i: number) => void): void {
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i];
      if (value !== null && value !== undefined) visit(value, i);
    }
  }

  #validity(): { nullCount: number; nullBitmap?: Uint8Array } {
    const values = this.#values;
    let nullCount = 0;
    for (const value of values) if (value === null || value === undefined) nullCount++;
    if (nullCount === 0) return { nullCount };
    const first = values.findIndex((value) => value === null || value === undefined);
    if (!this.#field.nullable) throw this.#wrong(values[first], first, "no null (NOT NULL)");
    const nullBitmap = new Uint8Array(bitmapBytes(values.length));
    this.#each((_, i) => setBit(nullBitmap, i));
    return { nullCount, nullBitmap };
  }

  #data(props: object): Data {
    return makeData({ type: this.#field.type, length: this.#values.length, ...this.#valid, ...props } as never);
  }

  #wrong(value: unknown, row: number, expected: string): SparkConnectError {
    const text = typeof value === "string" ? JSON.stringify(value) : String(value);
    const found = `${value === null ? "" : `${typeof value} `}${text.slice(0, 60)}`;
    return new SparkConnectError(
      "E_SPARK_SCHEMA",
      `expected ${expected} in column "${this.#path}" (${this.#field.type}), found ${found} in row ${row} of the batch`,
      { column: this.#path, type: String(this.#field.type), row },
    );
  }
}

const LONG_HINT = "a bigint, or a whole number below 2^53 (a Date or bigint microseconds for a timestamp)";

function asLong(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : null;
}

function asMicroseconds(value: unknown): bigint | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : BigInt(value.getTime()) * 1000n;
  return typeof value === "bigint" ? value : null;
}

/** All digits of a decimal number, with `scale` of them behind the point; null for other texts, and for digits that would be lost. */
function unscaled(text: string, scale: number): bigint | null {
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const lost = fraction.slice(scale);
  if (whole === "" || /[1-9]/.test(lost)) return null;
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"));
  return sign === "-" ? -digits : digits;
}

function asBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer ? new Uint8Array(value) : null;
}

/** A member of a row: by position of an array, else by name. */
export function memberOf(row: unknown, name: string, position: number): unknown {
  if (row === null || row === undefined) return null;
  return Array.isArray(row) ? row[position] : (row as Record<string, unknown>)[name];
}

function bitmapBytes(bits: number): number {
  return Math.ceil(bits / 64) * 8;
}

function setBit(bits: Uint8Array, i: number): void {
  bits[i >> 3]! |= 1 << (i & 7);
}
