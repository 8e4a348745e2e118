import { makeData, RecordBatch, Struct } from "apache-arrow";
import { parseSchema } from "./schema.ts";
import { encodeColumn, memberOf } from "./worker/compute/encode-column.ts";

/**
 * An Arrow batch from rows: objects by column name, or arrays in the order of the columns. Missing values are null.
 * Throws `E_SPARK_SCHEMA` for a value that does not fit its column.
 */
export function batchOf(rows: readonly unknown[], ddl: string): RecordBatch {
  const schema = parseSchema(ddl);
  const children = schema.fields.map((field, at) =>
    encodeColumn(
      field,
      rows.map((row) => memberOf(row, field.name, at)),
    ),
  );
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children }));
}
