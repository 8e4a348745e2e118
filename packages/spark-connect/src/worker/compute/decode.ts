/** From the bytes of one batch to a `RecordBatch` with the user's columns. */
import { DataType, type RecordBatch, RecordBatch as RecordBatchClass, RecordBatchReader, Schema, type Struct } from "apache-arrow";
import { SparkConnectError } from "../../errors.ts";

/** @param bytes a schema message and a batch message. Throws `E_SPARK_PROTOCOL`. */
export function decodeBatch(bytes: ArrayBuffer): RecordBatch {
  try {
    const { value } = RecordBatchReader.from(new Uint8Array(bytes)).next();
    if (value !== undefined) return value as RecordBatch;
  } catch (cause) {
    throw new SparkConnectError("E_SPARK_PROTOCOL", "expected an Arrow batch, found damaged bytes", {}, cause);
  }
  throw new SparkConnectError("E_SPARK_PROTOCOL", "expected an Arrow batch, found none", {});
}

/** Maps and groups come wrapped: one struct column holds the columns. */
export function unwrapStruct(batch: RecordBatch): RecordBatch {
  const [data] = batch.data.children;
  if (batch.numCols !== 1 || data === undefined || !DataType.isStruct(data.type)) {
    throw new SparkConnectError("E_SPARK_PROTOCOL", `expected one struct column, found ${batch.schema.fields.join(", ")}`);
  }
  const type = data.type as Struct;
  return new RecordBatchClass(new Schema(type.children), data as never);
}

/** Values of a row, by column offsets. */
export function valuesAt(batch: RecordBatch, row: number, offsets: readonly number[]): unknown[] {
  return offsets.map((offset) => {
    const column = batch.getChildAt(offset);
    if (column === null) throw outOfRange(batch, offset);
    return column.get(row);
  });
}

export function selectColumns(batch: RecordBatch, offsets: readonly number[]): RecordBatch {
  if (offsets.length === batch.numCols && offsets.every((offset, i) => offset === i)) return batch;
  const wrong = offsets.find((offset) => offset >= batch.numCols);
  if (wrong !== undefined) throw outOfRange(batch, wrong);
  return batch.selectAt([...offsets]);
}

function outOfRange(batch: RecordBatch, offset: number): SparkConnectError {
  return new SparkConnectError("E_SPARK_PROTOCOL", `expected column ${offset}, found ${batch.numCols} columns`);
}
