/** The output's Arrow form: one struct column around the declared columns, and batches that fit it. */
import {
  type Data,
  DataType,
  Field,
  LargeBinary,
  LargeUtf8,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  type Vector,
} from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";
import { encodeColumn, memberOf } from "./encode-column.ts";

const END_MARKER_BYTES = 8;

export class OutputSchema {
  readonly fields: readonly Field[];
  readonly #wrapped: Schema;
  /** The schema message. */
  readonly message: Uint8Array;

  /** @param largeTypes text and binary columns with 64-bit offsets. */
  constructor(declared: Schema, largeTypes: boolean) {
    this.fields = largeTypes ? declared.fields.map(enlarge) : declared.fields;
    this.#wrapped = new Schema([new Field("_0", new Struct([...this.fields]), false)]);
    const empty = new RecordBatchStreamWriter();
    empty.reset(undefined, this.#wrapped);
    this.message = empty.finish().toUint8Array(true).slice(0, -END_MARKER_BYTES);
  }

  fromRows(rows: readonly unknown[]): Uint8Array {
    const children = this.fields.map((field, at) =>
      encodeColumn(
        field,
        rows.map((row) => memberOf(row, field.name, at)),
      ),
    );
    return this.#message(children, rows.length);
  }

  /** Throws `E_SPARK_SCHEMA` unless the batch has the declared columns. */
  fromBatch(batch: RecordBatch): Uint8Array {
    const names = batch.schema.fields.map((field) => String(field.name));
    const declared = this.fields.map((field) => field.name);
    if (names.length !== declared.length || declared.some((name) => !names.includes(name))) {
      throw new SparkConnectError(
        "E_SPARK_SCHEMA",
        `expected batches with the columns ${declared.join(", ")}, found ${names.join(", ")}`,
      );
    }
    return this.#message(
      this.fields.map((field) => fit(field, batch.getChildAt(names.indexOf(field.name))!)),
      batch.numRows,
    );
  }

  /** The batch's message alone; the one copy of the data that is made. */
  #message(children: Data[], length: number): Uint8Array {
    const [outer] = this.#wrapped.fields;
    const struct = makeData({ type: outer!.type as Struct, length, nullCount: 0, children });
    const root = makeData({ type: new Struct(this.#wrapped.fields), length, nullCount: 0, children: [struct] });
    const bytes = new RecordBatchStreamWriter().writeAll([new RecordBatch(this.#wrapped, root)]).toUint8Array(true);
    return bytes.subarray(this.message.length, -END_MARKER_BYTES);
  }
}

function enlarge(field: Field): Field {
  if (DataType.isBinary(field.type)) return field.clone({ type: new LargeBinary() });
  return DataType.isUtf8(field.type) ? field.clone({ type: new LargeUtf8() }) : field;
}

/** Spark's readers do not cast, and what they say of a wrong type names no column. */
function fit(field: Field, column: Vector): Data {
  if (!field.nullable && column.nullCount > 0) {
    throw new SparkConnectError(
      "E_SPARK_SCHEMA",
      `expected no null in column "${field.name}" (NOT NULL), found ${column.nullCount}`,
    );
  }
  const type = column.type as DataType;
  if (sameType(type, field.type)) return column.data[0]!;
  if (isBytes(type) && isBytes(field.type) && isText(type) === isText(field.type)) return encodeColumn(field, [...column]);
  const hint = DataType.isDictionary(type) ? "; give the type when you make the vector: vectorFromArray(values, new Utf8())" : "";
  throw new SparkConnectError(
    "E_SPARK_SCHEMA",
    `expected ${field.type} in column "${field.name}", as declared, found ${type}${hint}`,
    { column: field.name, expected: String(field.type), found: String(type) },
  );
}

function isText(type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type);
}

function isBytes(type: DataType): boolean {
  return isText(type) || DataType.isBinary(type) || DataType.isLargeBinary(type);
}

/** Names and nullability inside lists and maps do not change the bytes. */
function sameType(a: DataType, b: DataType): boolean {
  if (a.typeId !== b.typeId) return false;
  const [inA, inB] = [a.children ?? [], b.children ?? []];
  if (inA.length > 0 || inB.length > 0) {
    const named = DataType.isStruct(a);
    return (
      inA.length === inB.length &&
      inA.every((field: Field, i: number) => (!named || field.name === inB[i]!.name) && sameType(field.type, inB[i]!.type))
    );
  }
  // a timestamp's zone is a matter of display
  if (DataType.isTimestamp(a) && DataType.isTimestamp(b)) return a.unit === b.unit && (a.timezone == null) === (b.timezone == null);
  return String(a) === String(b);
}
