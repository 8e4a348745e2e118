/** The first 33 bytes of a PNG file: signature and IHDR. Reference: https://www.w3.org/TR/png-3/#11IHDR */
import { AxonloomError } from "../../errors.ts";

export const PNG_HEAD_BYTES = 33;

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly dtype: "uint8" | "uint16";
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOURS: Readonly<Record<number, string>> = { 2: "RGB", 3: "indexed colour", 4: "gray with alpha", 6: "RGB with alpha" };

/** `E_SOURCE_DAMAGED` for what is no PNG, `E_SOURCE_UNSUPPORTED` for what is not 8 or 16 bit gray. */
export function parsePngHeader(bytes: Uint8Array, path: string): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = bytes.length >= PNG_HEAD_BYTES && SIGNATURE.every((b, i) => bytes[i] === b) && view.getUint32(12) === 0x49484452;
  if (!isPng)
    throw new AxonloomError("E_SOURCE_DAMAGED", `${path}: expected a PNG file, found something else or a cut-off one`, { path });
  const [width, height, depth, colour] = [view.getUint32(16), view.getUint32(20), bytes[24]!, bytes[25]!];
  if (width === 0 || height === 0 || width > 2 ** 31 || height > 2 ** 31) {
    throw new AxonloomError("E_SOURCE_DAMAGED", `${path}: a PNG of ${width} x ${height} pixels cannot be`, { path });
  }
  if (colour !== 0 || (depth !== 8 && depth !== 16)) {
    const found = colour === 0 ? `${depth} bit gray` : (COLOURS[colour] ?? `colour type ${colour}`);
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${path}: expected 8 or 16 bit gray, found ${found}; convert the slices to gray first`,
      {
        path,
        depth,
        colour,
      },
    );
  }
  return { width, height, dtype: depth === 8 ? "uint8" : "uint16" };
}
