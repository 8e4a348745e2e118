/** What an artifact is sent from: bytes in memory, or a file that is read piece by piece, so that it never lies in memory as a whole. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { SparkConnectError } from "../errors.ts";

export interface ArtifactSource {
  readonly size: number;
  readonly sha256: string;
  /** Pieces of `pieceBytes`, the last one shorter. Can be asked again. */
  pieces(pieceBytes: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export function sourceOfBytes(bytes: Uint8Array): ArtifactSource {
  return {
    size: bytes.length,
    sha256: sha256(bytes),
    *pieces(pieceBytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    },
  };
}

const READ_BYTES = 2 ** 20;

/** Reads the file once for its hash. Throws `E_SPARK_ARTIFACT` when it cannot be read, or changes while it is sent. */
export async function sourceOfFile(path: string): Promise<ArtifactSource> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of piecesOfFile(path, READ_BYTES)) {
    hash.update(piece);
    size += piece.length;
  }
  const sha256 = hash.digest("hex");
  return {
    size,
    sha256,
    async *pieces(pieceBytes) {
      const sent = createHash("sha256");
      let left = size;
      for await (const piece of piecesOfFile(path, pieceBytes)) {
        left -= piece.length;
        sent.update(piece);
        if (left < 0 || (left === 0 && sent.digest("hex") !== sha256)) throw changed(path);
        yield piece;
      }
      if (left > 0) throw changed(path);
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* piecesOfFile(path: string, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    for (;;) {
      const piece = new Uint8Array(pieceBytes);
      let filled = 0;
      for (let read = -1; read !== 0 && filled < pieceBytes; filled += read) {
        read = (await file.read(piece, filled, pieceBytes - filled)).bytesRead;
      }
      if (filled > 0) yield piece.subarray(0, filled);
      if (filled < pieceBytes) return;
    }
  } catch (cause) {
    if (cause instanceof SparkConnectError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SparkConnectError(
      "E_SPARK_ARTIFACT",
      `expected a file that can be read at ${path}, found: ${reason}`,
      { path },
      cause,
    );
  } finally {
    await file?.close();
  }
}

function changed(path: string): SparkConnectError {
  return new SparkConnectError("E_SPARK_ARTIFACT", `the file ${path} was changed while it was sent: send it again`, { path });
}
