/**
 * Plain rows from Arrow batches. bigint for long, number for the other numbers, Uint8Array for binary, Date for date and timestamp
 * (whole milliseconds), a string for decimal, arrays, objects (struct) and Map (map); null for null.
 */
import { type DataType, type RecordBatch, Type, type Vector } from "apache-arrow";

export type Row = Readonly<Record<string, unknown>>;

/** The rows of a batch, in order. For large batches of numbers read the columns' typed arrays instead. */
export function* rowsOf(batch: RecordBatch): Generator<Row, void, undefined> {
  const columns = batch.schema.fields.map((field, index) => {
    const vector = batch.getChildAt(index)!;
    return { name: field.name, vector, plain: plainOf(field.type) };
  });
  for (let row = 0; row < batch.numRows; row++) {
    const values: Record<string, unknown> = {};
    for (const { name, vector, plain } of columns) values[name] = plain(vector.get(row));
    yield values;
  }
}

type Plain = (value: unknown) => unknown;

const same: Plain = (value) => value ?? null;
const orNull =
  (convert: (value: never) => unknown): Plain =>
  (value) =>
    value === null || value === undefined ? null : convert(value as never);

function plainOf(type: DataType): Plain {
  switch (type.typeId) {
    case Type.Date:
    case Type.Timestamp:
      return orNull((ms: number | bigint) => new Date(Math.floor(Number(ms))));
    case Type.Decimal:
      return orNull((words: Uint32Array) => decimalText(words, (type as DataType & { scale: number }).scale));
    case Type.List:
    case Type.FixedSizeList: {
      const element = plainOf(type.children[0]!.type);
      return orNull((vector: Vector) => Array.from(vector, element));
    }
    case Type.Struct: {
      const fields = type.children.map((field) => ({ name: field.name, plain: plainOf(field.type) }));
      return orNull((row: Record<string, unknown>) =>
        Object.fromEntries(fields.map(({ name, plain }) => [name, plain(row[name])])),
      );
    }
    case Type.Map: {
      const [key, value] = (type.children[0]!.type as DataType & { children: readonly { type: DataType }[] }).children.map(
        (field) => plainOf(field.type),
      );
      return orNull((entries: Iterable<[unknown, unknown]>) => new Map(Array.from(entries, ([k, v]) => [key!(k), value!(v)])));
    }
    default:
      return same;
  }
}

/** Little-endian 128-bit two's complement, with `scale` digits behind the point. */
function decimalText(words: Uint32Array, scale: number): string {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
  value = BigInt.asIntN(words.length * 32, value);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const sign = value < 0n ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
