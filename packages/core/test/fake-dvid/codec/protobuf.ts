/** As much of protocol buffers as label indices and mappings need: varints and length-delimited fields. */
export type Field = readonly [number: number, value: bigint | Uint8Array];

export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error("proto: cannot parse invalid wire-format data");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    if ((tag & 7) === 0) fields.push([tag >> 3, varint()]);
    else if ((tag & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error("proto: cannot parse invalid wire-format data");
      fields.push([tag >> 3, bytes.subarray(at, at + length)]);
      at += length;
    } else throw new Error("proto: cannot parse invalid wire-format data");
  }
  return fields;
}

function varintBytes(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** Fields in the order given; a number of 0 and an empty text are left out, as proto3 does. */
export function writeFields(fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "bigint") {
      if (value !== 0n) parts.push(Uint8Array.from([...varintBytes(BigInt(number << 3)), ...varintBytes(value)]));
    } else {
      parts.push(Uint8Array.from([...varintBytes(BigInt((number << 3) | 2)), ...varintBytes(BigInt(value.length))]), value);
    }
  }
  return Buffer.concat(parts);
}

/** A varint field of a map entry, where a zero is written, too. */
export const mapEntry = (key: bigint, value: bigint | Uint8Array): Buffer =>
  Buffer.concat([
    Uint8Array.from([8, ...varintBytes(key)]),
    typeof value === "bigint" ? Uint8Array.from([16, ...varintBytes(value)]) : writeFields([[2, value]]),
  ]);
