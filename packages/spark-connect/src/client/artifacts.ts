/** Files that the session's tasks find in their working folder, and blocks that plans refer to. Sent in pieces with a CRC each. */
import * as zlib from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import { type AddArtifactsRequestSchema, SparkConnectService } from "../gen/spark/connect/connect_pb.ts";
import { type ArtifactSource, sourceOfBytes, sourceOfFile } from "./artifact-source.ts";
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
   * Sends bytes, or a file of this machine (read piece by piece), under `files/<name>`, once: each task finds it as `./<name>`. Another
   * content under a name already used is refused by Spark, so put a hash into the name.
   */
  async addFile(name: string, content: Uint8Array | { readonly path: string }, options: CallOptions = {}): Promise<void> {
    if (!/^[\w][\w.+-]*$/.test(name)) {
      throw new SparkConnectError(
        "E_SPARK_ARGUMENT",
        `expected a file name (letters, digits, . _ + -) for an artifact, found ${JSON.stringify(name)}`,
        { name },
      );
    }
    const source = content instanceof Uint8Array ? sourceOfBytes(content) : await sourceOfFile(content.path);
    await this.#once(`files/${name}`, source, options);
  }

  /** Sends a block that plans refer to by its SHA-256, unless the server has it. Gives the hash. */
  async addBlock(bytes: Uint8Array, options: CallOptions = {}): Promise<string> {
    const source = sourceOfBytes(bytes);
    const name = `cache/${source.sha256}`;
    if (this.#sent.has(name) || !(await this.exists(name, options))) await this.#once(name, source, options);
    return source.sha256;
  }

  /** Whether the server has a block `cache/<hash>`. It answers no for all other names. */
  async exists(name: string, options: CallOptions = {}): Promise<boolean> {
    const { statuses } = await this.#connection.unary(SparkConnectService.method.artifactStatus, { names: [name] }, options);
    return statuses[name]?.exists ?? false;
  }

  async #once(name: string, source: ArtifactSource, options: CallOptions): Promise<void> {
    const earlier = this.#sent.get(name);
    if (earlier !== undefined && (await earlier.catch(() => null)) === source.sha256) return;
    const sending = this.#send(name, source, options).then(() => source.sha256);
    this.#sent.set(name, sending);
    try {
      await sending;
    } catch (error) {
      if (this.#sent.get(name) === sending) this.#sent.delete(name);
      throw error;
    }
  }

  async #send(name: string, source: ArtifactSource, options: CallOptions): Promise<void> {
    const { artifacts } = await this.#connection.upload(
      SparkConnectService.method.addArtifacts,
      () => piecesOf(name, source),
      options,
    );
    const summary = artifacts.find((artifact) => artifact.name === name);
    if (summary?.isCrcSuccessful === true) return;
    const found = summary === undefined ? "no answer for it" : "another checksum";
    throw new SparkConnectError(
      "E_SPARK_ARTIFACT",
      `artifact ${name} (${source.size} bytes) did not arrive whole: the server found ${found}; try again`,
      { name },
    );
  }
}

/** One message for a small artifact; else a head with the first piece, then the others. */
export async function* piecesOf(
  name: string,
  source: ArtifactSource,
  pieceBytes = PIECE_BYTES,
): AsyncGenerator<Request, void, undefined> {
  const numChunks = Math.ceil(source.size / pieceBytes);
  if (source.size === 0) yield { payload: { case: "batch", value: { artifacts: [{ name, data: checked(new Uint8Array(0)) }] } } };
  let first = true;
  for await (const piece of source.pieces(pieceBytes)) {
    const data = checked(piece);
    if (numChunks === 1) yield { payload: { case: "batch", value: { artifacts: [{ name, data }] } } };
    else if (!first) yield { payload: { case: "chunk", value: data } };
    else {
      const head = { name, totalBytes: BigInt(source.size), numChunks: BigInt(numChunks), initialChunk: data };
      yield { payload: { case: "beginChunk", value: head } };
    }
    first = false;
  }
}

function checked(data: Uint8Array): { data: Uint8Array; crc: bigint } {
  return { data, crc: BigInt(zlib.crc32(data)) };
}
