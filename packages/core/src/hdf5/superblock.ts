/**
 * The first look at a file, before the HDF5 library opens it: whether it is HDF5 at all, and whether it is as long as it says. The library
 * knows too, but prints its findings to standard error.
 *
 *     superblock 0, 1:  signature 8 · version 1 · … · size of offsets 1 (at 13) · … · base, free space, end of file (from 24 or 28)
 *     superblock 2, 3:  signature 8 · version 1 · size of offsets 1 (at 9) · … · base, extension, end of file (from 12)
 *
 * Source: HDF5 File Format Specification 3.0, II.A.
 */
import type { FileHandle } from "node:fs/promises";
import { AxonloomError } from "../errors.ts";

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
/** The superblock lies at 0, or behind a block of the user's: at 512, 1024, 2048, … */
const FIRST_USER_BLOCK = 512;

/** Throws `E_SOURCE_DAMAGED` for a file that is no HDF5 or shorter than its superblock says. */
export async function checkSuperblock(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat();
  const head = Buffer.alloc(64);
  for (let at = 0; at < size; at = at === 0 ? FIRST_USER_BLOCK : 2 * at) {
    const { bytesRead } = await file.read(head, 0, head.length, at);
    if (bytesRead < SIGNATURE.length || !head.subarray(0, SIGNATURE.length).equals(SIGNATURE)) continue;
    const end = bytesRead === head.length ? endOfFile(head) : 0;
    if (end === null || (end > 0 && size >= end)) return;
    const expected = end === 0 ? "a whole superblock" : `${end} bytes`;
    throw new AxonloomError(
      "E_SOURCE_DAMAGED",
      `${path} is truncated: expected ${expected}, found ${size} bytes; copy the file again`,
      { path, expected: end, found: size },
    );
  }
  const found = size === 0 ? "an empty file" : `a file of ${size} bytes without the signature of one`;
  throw new AxonloomError("E_SOURCE_DAMAGED", `${path}: expected an HDF5 file, found ${found}; correct the path`, { path });
}

/** null = a superblock that the library may know. */
function endOfFile(superblock: Buffer): number | null {
  const version = superblock[8]!;
  const [sizeAt, from] = version < 2 ? [13, version === 0 ? 24 : 28] : [9, 12];
  if (version > 3 || superblock[sizeAt] !== 8) return null;
  return Number(superblock.readBigUInt64LE(from + 16));
}
