/**
 * Typed reads from a stream in paused mode: nothing is taken from the socket before it is asked for, so that Spark feels
 * the back-pressure. One read at a time.
 */
import type { Readable } from "node:stream";
import { SparkConnectError } from "../errors.ts";

/** Longest text: a command of 20 MB is known to work. */
const MAX_TEXT_BYTES = 256 * 2 ** 20;
const MAX_COUNT = 1_000_000;

export class ByteReader {
  readonly #source: Readable;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #position = 0;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(source: Readable) {
    this.#source = source;
    const ended = () => {
      this.#ended = true;
      this.#wake?.();
    };
    source.on("readable", () => this.#wake?.());
    source.on("end", ended).on("close", ended);
    source.on("error", (error: Error) => {
      this.#failure = error;
      ended();
    });
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** True when the other side has closed and nothing is left. Waits for a byte or the end. */
  async atEnd(): Promise<boolean> {
    return this.#at === this.#chunk.length && !(await this.#more());
  }

  async int32(what: string): Promise<number> {
    return (await this.#small(4, what)).readInt32BE();
  }

  async int64(what: string): Promise<bigint> {
    return (await this.#small(8, what)).readBigInt64BE();
  }

  async bool(what: string): Promise<boolean> {
    const value = (await this.#small(1, what))[0]!;
    if (value > 1) throw this.error(`a flag (0 or 1) for ${what}`, String(value));
    return value === 1;
  }

  /** An int32 that counts things that follow. */
  async count(what: string, max = MAX_COUNT): Promise<number> {
    const value = await this.int32(what);
    if (value < 0 || value > max) throw this.error(`a number of 0 to ${max} for ${what}`, String(value));
    return value;
  }

  async text(what: string): Promise<string> {
    return Buffer.from((await this.lengthAndBytes(what)).buffer).toString();
  }

  async lengthAndBytes(what: string): Promise<Uint8Array> {
    return await this.bytes(await this.count(`the length of ${what}`, MAX_TEXT_BYTES), what);
  }

  /** `length` bytes in a buffer of their own. */
  async bytes(length: number, what: string): Promise<Uint8Array> {
    const target = new Uint8Array(new ArrayBuffer(length));
    await this.fill(target, what);
    return target;
  }

  async fill(target: Uint8Array, what: string): Promise<void> {
    let filled = 0;
    while (filled < target.length) {
      if (this.#at === this.#chunk.length && !(await this.#more())) {
        throw this.error(`${target.length - filled} more bytes of ${what}`, "the end of the connection");
      }
      const length = Math.min(target.length - filled, this.#chunk.length - this.#at);
      target.set(this.#chunk.subarray(this.#at, this.#at + length), filled);
      this.#at += length;
      this.#position += length;
      filled += length;
    }
  }

  /** True once the other side has closed and everything before it was read. */
  get ended(): boolean {
    return this.#ended && this.#at === this.#chunk.length;
  }

  /** Throws away what still comes, so that the other side can finish writing and read our answer. Resolves at the end; no reads after it. */
  async discardRest(): Promise<void> {
    this.#at = this.#chunk.length;
    this.#source.removeAllListeners("readable");
    this.#source.resume();
    if (!this.#ended) await new Promise<void>((resolve) => this.#source.once("end", resolve).once("close", resolve));
  }

  error(expected: string, found: string): SparkConnectError {
    return new SparkConnectError(
      "E_SPARK_PROTOCOL",
      `expected ${expected} at byte ${this.#position}, found ${found}: the other side must be Spark 4.1`,
      { expected, found, position: this.#position },
      this.#failure ?? undefined,
    );
  }

  async #small(length: number, what: string): Promise<Buffer> {
    const { buffer, byteOffset } = await this.bytes(length, what);
    return Buffer.from(buffer, byteOffset, length);
  }

  /** The next chunk; false at the end. */
  async #more(): Promise<boolean> {
    for (;;) {
      const chunk = this.#source.read() as Uint8Array | null;
      if (chunk !== null && chunk.length > 0) {
        this.#chunk = chunk;
        this.#at = 0;
        return true;
      }
      if (this.#ended) return false;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}
