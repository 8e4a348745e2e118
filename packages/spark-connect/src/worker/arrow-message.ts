/**
 * The few fields of an Arrow IPC message's flatbuffer that framing needs, read with bounds checks, so that damaged bytes give an
 * error and never a long loop or a huge allocation.
 *
 *   Message { version, header_type: u8 (field 1), header: table (field 2), bodyLength: i64 (field 3) }
 *   RecordBatch { length: i64 (field 0), nodes: [16 bytes] (field 1), buffers: [offset i64, length i64] (field 2) }
 */

export interface MessageHeader {
  readonly kind: "schema" | "batch" | "other";
  readonly bodyLength: number;
  /** Rows of a batch. */
  readonly rows: number;
}

const SCHEMA = 1;
const RECORD_BATCH = 3;

/** Null when the bytes are no sound message. */
export function readMessageHeader(metadata: Uint8Array): MessageHeader | null {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  try {
    const message = tableAt(view, view.getUint32(0, true));
    const type = message.field(1);
    const body = message.field(3);
    const bodyLength = body === 0 ? 0 : Number(view.getBigInt64(body, true));
    if (!(bodyLength >= 0 && bodyLength <= 2 ** 32) || bodyLength % 8 !== 0) return null;
    const kind = type === 0 ? 0 : view.getUint8(type);
    if (kind === SCHEMA) return { kind: "schema", bodyLength, rows: 0 };
    if (kind !== RECORD_BATCH) return { kind: "other", bodyLength, rows: 0 };
    const header = message.field(2);
    if (header === 0) return null;
    const rows = soundRows(view, tableAt(view, header + view.getUint32(header, true)), bodyLength);
    return rows === null ? null : { kind: "batch", bodyLength, rows };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface FlatTable {
  /** Absolute offset of a field, 0 when it is absent. */
  field(index: number): number;
}

function tableAt(view: DataView, at: number): FlatTable {
  const vtable = at - view.getInt32(at, true);
  const size = view.getUint16(vtable, true);
  return {
    field(index) {
      const entry = 4 + 2 * index;
      const offset = entry + 2 <= size ? view.getUint16(vtable + entry, true) : 0;
      return offset === 0 ? 0 : at + offset;
    },
  };
}

/** Rows of a batch whose columns lie inside the body; a column has at least a bit for each row. */
function soundRows(view: DataView, batch: FlatTable, bodyLength: number): number | null {
  const length = batch.field(0);
  const rows = length === 0 ? 0 : Number(view.getBigInt64(length, true));
  if (!(rows >= 0 && Number.isSafeInteger(rows))) return null;
  const nodes = vectorOf16(view, batch.field(1));
  const buffers = vectorOf16(view, batch.field(2));
  if (nodes === null || buffers === null) return null;
  for (let i = 0; i < buffers.count; i++) {
    const offset = Number(view.getBigInt64(buffers.start + 16 * i, true));
    const size = Number(view.getBigInt64(buffers.start + 16 * i + 8, true));
    if (!(offset >= 0 && size >= 0 && offset + size <= bodyLength)) return null;
  }
  return nodes.count > 1 && rows > 8 * bodyLength ? null : rows;
}

function vectorOf16(view: DataView, field: number): { start: number; count: number } | null {
  if (field === 0) return { start: 0, count: 0 };
  const at = field + view.getUint32(field, true);
  const count = view.getUint32(at, true);
  return at + 4 + 16 * count <= view.byteLength ? { start: at + 4, count } : null;
}
