/** Files that the session's tasks find in their working folder, and blocks that plans refer to. Sent in pieces with a CRC each. */
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { type AddArtifactsRequestSchema, SparkConnectService } from "../gen/spark/connect/connect_pb.ts";
import type { Connection } from "./connection.ts";

const PIECE_BYTES = 2 ** 20;

type Request = MessageInitShape<typeof AddArtifactsRequestSchema>;

export class Artifacts {
  readonly #connection: Connection;
  /** Hash of what was sent under each name: the server cannot say it for files. */
  readonly #sent = new Map<string, Promise<string>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Sends bytes under `files/<name>`, once: each task finds them as `./<name>`. Another content under a name already used is refused by
   * Spark, so put a hash into the name.
   */
  async addFile(name: string, bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    if (!/^[\w][\w.+-]*$/.test(name)) {
      throw new SparkConnectError(
        "E_SPARK_ARGUMENT",
        `expected a file name (letters, digits, . _ + -) for an artifact, found ${JSON.stringify(name)}`,
        { name },
      );
    }
    await this.#once(`files/${name}`, bytes, options);
  }

  /** Sends a block that plans refer to by its SHA-256, unless the server has it. Gives the hash. */
  async addBlock(bytes: Uint8Array, options: CallOptions = {}): Promise<string> {
    const hash = sha256(bytes);
    const name = `cache/${hash}`;
    if (this.#sent.has(name) || !(await this.exists(name, options))) await this.#once(name, bytes, options);
    return hash;
  }

  /** Whether the server has a block `cache/<hash>`. It answers no for all other names. */
  async exists(name: string, options: CallOptions = {}): Promise<boolean> {
    const { statuses } = await this.#connection.unary(SparkConnectService.method.artifactStatus, { names: [name] }, options);
    return statuses[name]?.exists ?? false;
  }

  async #once(name: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
    const hash = sha256(bytes);
    const earlier = this.#sent.get(name);
    if (earlier !== undefined && (await earlier.catch(() => null)) === hash) return;
    const sending = this.#send(name, bytes, options).then(() => hash);
    this.#sent.set(name, sending);
    try {
      await sending;
    } catch (error) {
      if (this.#sent.get(name) === sending) this.#sent.delete(name);
      throw error;
    }
  }

  async #send(name: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
    const { artifacts } = await this.#connection.upload(
      SparkConnectService.method.addArtifacts,
      () => piecesOf(name, bytes),
      options,
    );
    const summary = artifacts.find((artifact) => artifact.name === name);
    if (summary?.isCrcSuccessful === true) return;
    const found = summary === undefined ? "no answer for it" : "another checksum";
    throw new SparkConnectError(
      "E_SPARK_ARTIFACT",
      `artifact ${name} (${bytes.length} bytes) did not arrive whole: the server found ${found}; try again`,
      { name },
    );
  }
}

/** One message for a small artifact; else a head with the first piece, then the others. */
export function* piecesOf(name: string, bytes: Uint8Array, pieceBytes = PIECE_BYTES): Generator<Request, void, undefined> {
  const piece = (at: number) => {
    const data = bytes.subarray(at, at + pieceBytes);
    return { data, crc: BigInt(zlib.crc32(data)) };
  };
  const pieces = Math.ceil(bytes.length / pieceBytes);
  if (pieces <= 1) {
    yield { payload: { case: "batch", value: { artifacts: [{ name, data: piece(0) }] } } };
    return;
  }
  const head = { name, totalBytes: BigInt(bytes.length), numChunks: BigInt(pieces), initialChunk: piece(0) };
  yield { payload: { case: "beginChunk", value: head } };
  for (let at = pieceBytes; at < bytes.length; at += pieceBytes) yield { payload: { case: "chunk", value: piece(at) } };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
