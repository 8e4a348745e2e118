/** Writes small networks as ONNX files, for tests: the protocol buffers by hand, from the field numbers of onnx.proto. */

type Field = readonly [number, number | string | Uint8Array | Field[]];

/** Numbers as varints, the rest with its length. */
function encode(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") parts.push(varint(number << 3), varint(value));
    else {
      const bytes = typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? value : encode(value);
      parts.push(varint((number << 3) | 2), varint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

export interface Convolution {
  /** [channels, 1, …space]. */
  readonly shape: readonly number[];
  readonly weights: readonly number[];
  /** Zeros around the input on each side of each axis. */
  readonly pad: number;
}

/** One convolution of a one-channel input of any size. */
export function convolutionFile({ shape, weights, pad }: Convolution): Uint8Array {
  const axes = shape.length - 2;
  const tensor: Field[] = [
    ...shape.map((n): Field => [1, n]),
    [2, 1], // float
    [8, "weights"],
    [9, new Uint8Array(Float32Array.from(weights).buffer)],
  ];
  const pads: Field[] = [[1, "pads"], ...new Array<Field>(2 * axes).fill([8, pad]), [20, 7]];
  const node: Field[] = [
    [1, "x"],
    [1, "weights"],
    [2, "y"],
    [4, "Conv"],
    [5, pads],
  ];
  const infoOf = (name: string, channels: number): Field[] => {
    const dims = [[1, 1] as Field, [1, channels] as Field, ...Array.from({ length: axes }, (_, i): Field => [2, `${name}${i}`])];
    const ofDims = dims.map((dim): Field => [1, [dim]]);
    return [
      [1, name],
      [
        2,
        [
          [
            1,
            [
              [1, 1],
              [2, ofDims],
            ],
          ],
        ],
      ],
    ];
  };
  const graph: Field[] = [
    [1, node],
    [2, "test"],
    [5, tensor],
    [11, infoOf("x", 1)],
    [12, infoOf("y", shape[0]!)],
  ];
  return encode([
    [1, 8],
    [
      8,
      [
        [1, ""],
        [2, 13],
      ],
    ],
    [7, graph],
  ]);
}
