/**
 * Rows of the program as a relation. A few travel in the plan; more are cut into blocks that are sent once as artifacts and named in the plan
 * by their hashes, so that neither the plan nor a message grows with them.
 */
import { DataType, type Field, type RecordBatch, RecordBatchStreamWriter, TimeUnit } from "apache-arrow";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import type { Artifacts } from "./artifacts.ts";
import type { RelationType } from "./plans.ts";

export interface LocalRowsLimits {
  /** Up to here rows are part of the plan, which the server keeps, compares and logs. */
  readonly inlineBytes: number;
  /** Size of a block, unless a single row is larger. */
  readonly blockBytes: number;
  /** The server's default limits for a block and for a relation (`spark.sql.session.localRelation…Limit`). */
  readonly maxBlockBytes: number;
  readonly maxBytes: number;
}

const LIMITS: LocalRowsLimits = {
  inlineBytes: 2 ** 20,
  blockBytes: 8 * 2 ** 20,
  maxBlockBytes: 2000 * 2 ** 20,
  maxBytes: 3 * 2 ** 30,
};

/** Throws `E_SPARK_ARGUMENT` for batches that Spark would misread or refuse without naming the column. */
export function checkLocalRows(batches: readonly RecordBatch[]): void {
  const [first] = batches;
  if (first === undefined) {
    throw new SparkConnectError("E_SPARK_ARGUMENT", "expected at least one batch (it may have no rows), found none");
  }
  for (const field of first.schema.fields) checkField(field, field.name);
  const columns = columnsOf(first);
  for (const [i, batch] of batches.entries()) {
    const found = columnsOf(batch);
    if (found === columns) continue;
    throw new SparkConnectError("E_SPARK_ARGUMENT", `expected the columns ${columns} in all batches, found ${found} in batch ${i}`);
  }
}

/** Sends what is too large for a plan. Throws `E_SPARK_ARGUMENT` beyond the server's limits. */
export async function localRelationOf(
  batches: readonly RecordBatch[],
  artifacts: Pick<Artifacts, "addBlock">,
  options: CallOptions,
  limits: LocalRowsLimits = LIMITS,
): Promise<RelationType> {
  const total = batches.reduce((sum, batch) => sum + batch.data.byteLength, 0);
  if (total <= limits.inlineBytes) return { case: "localRelation", value: { data: ipcOf(batches) } };
  const dataHashes: string[] = [];
  let sent = 0;
  for (const slices of blocksOf(batches, limits.blockBytes)) {
    const block = ipcOf(slices);
    sent += block.length;
    if (block.length > limits.maxBlockBytes) throw tooLarge(`${limits.maxBlockBytes} bytes in a row`, block.length);
    if (sent > limits.maxBytes) throw tooLarge(`${limits.maxBytes} bytes of local rows`, Math.max(sent, total));
    dataHashes.push(await artifacts.addBlock(block, options));
  }
  return { case: "chunkedCachedLocalRelation", value: { dataHashes } };
}

/** Slices of batches, gathered up to `blockBytes`. A batch's rows count as equally long. */
function* blocksOf(batches: readonly RecordBatch[], blockBytes: number): Generator<RecordBatch[], void, undefined> {
  let block: RecordBatch[] = [];
  let bytes = 0;
  for (const batch of batches) {
    const rowBytes = batch.data.byteLength / Math.max(1, batch.numRows);
    for (let at = 0; at < batch.numRows; ) {
      const room = Math.max(block.length === 0 ? 1 : 0, Math.floor((blockBytes - bytes) / rowBytes));
      if (room > 0) {
        const slice = batch.slice(at, at + room);
        block.push(slice);
        bytes += slice.numRows * rowBytes;
        at += slice.numRows;
      }
      if (at >= batch.numRows) break;
      yield block;
      [block, bytes] = [[], 0];
    }
  }
  if (block.length > 0) yield block;
}

function ipcOf(batches: readonly RecordBatch[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

function columnsOf(batch: RecordBatch): string {
  return batch.schema.fields.map((field) => `${field.name} ${field.type}`).join(", ");
}

function checkField({ type, name }: Field, path: string): void {
  const nested = DataType.isMap(type)
    ? type.children[0]!.type.children
    : DataType.isList(type) || DataType.isStruct(type)
      ? type.children
      : null;
  if (nested !== null) {
    for (const child of nested as readonly Field[]) checkField(child, `${path}.${child.name}`);
    return;
  }
  if (isSupported(type)) return;
  const hint = DataType.isDictionary(type) ? "; give the type when you make the vector: vectorFromArray(values, new Utf8())" : "";
  throw new SparkConnectError(
    "E_SPARK_ARGUMENT",
    `expected a type that Spark has (signed integers, floats of 32 and 64 bits, bool, text, binary, days, microseconds, decimal, list, map, struct) in column "${path}", found ${type}${hint}`,
    { column: path, name, found: String(type) },
  );
}

function isSupported(type: DataType): boolean {
  if (DataType.isInt(type)) return type.isSigned;
  if (DataType.isFloat(type)) return type.precision > 0;
  if (DataType.isDate(type)) return type.unit === 0;
  if (DataType.isTimestamp(type)) return type.unit === TimeUnit.MICROSECOND;
  return (
    DataType.isNull(type) ||
    DataType.isBool(type) ||
    DataType.isUtf8(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeBinary(type) ||
    DataType.isDecimal(type)
  );
}

function tooLarge(expected: string, found: number): SparkConnectError {
  return new SparkConnectError(
    "E_SPARK_ARGUMENT",
    `expected at most ${expected}, found ${found}: write them to a file that Spark reads`,
    { expected, found },
  );
}
