/**
 * What the worker writes for one task.
 *
 *   -6, schema, batches …, end marker │ -3, five times and sizes │ -1, 0 accumulators │ -4 (or -1 when it cannot be used again)
 *   after an exception: the end marker, if the stream has begun, then -2 and the text
 */
import type { Writable } from "node:stream";
import {
  END_OF_ARROW_STREAM,
  END_OF_DATA_SECTION,
  END_OF_STREAM,
  EXCEPTION_THROWN,
  int32,
  int64,
  START_ARROW_STREAM,
  TIMING_DATA,
  utf,
} from "./protocol.ts";

/** Wall-clock milliseconds. */
export interface TaskTimes {
  readonly boot: number;
  readonly init: number;
  readonly finish: number;
}

export class Answer {
  readonly #socket: Writable;
  #streaming = false;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  /** The schema has been written. */
  get streaming(): boolean {
    return this.#streaming;
  }

  /** Whole IPC messages, the first of them the schema. Resolves when the kernel has them, or the connection is gone. */
  async messages(bytes: Uint8Array): Promise<void> {
    // -6 never goes alone: without a schema behind it Spark reports a crash.
    const start = this.#streaming ? [] : [int32(START_ARROW_STREAM)];
    this.#streaming = true;
    await this.#write([...start, bytes]);
  }

  /** The task is done. `reusable` goes out in the same packet when it is known already. */
  async finish(times: TaskTimes, reusable: true | null): Promise<void> {
    await this.#write([
      ...this.#endOfArrowStream(),
      int32(TIMING_DATA),
      ...[times.boot, times.init, times.finish, 0, 0].map((value) => int64(Math.round(value))),
      int32(END_OF_DATA_SECTION),
      int32(0),
      ...(reusable === null ? [] : [int32(END_OF_STREAM)]),
    ]);
  }

  /** After `finish(times, null)`: may Spark send another task on this connection? */
  async reusable(reusable: boolean): Promise<void> {
    await this.#write([int32(reusable ? END_OF_STREAM : END_OF_DATA_SECTION)]);
  }

  /** Until the Arrow stream is ended Spark reads nothing else. */
  async exception(text: string): Promise<void> {
    await this.#write([...this.#endOfArrowStream(), int32(EXCEPTION_THROWN), utf(text)]);
  }

  #endOfArrowStream(): Uint8Array[] {
    const open = this.#streaming;
    this.#streaming = false;
    return open ? [END_OF_ARROW_STREAM] : [];
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    const last = pieces.length - 1;
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    const written = new Promise<void>((resolve) => {
      // an error of the socket is also an event, which ends the task
      pieces.forEach((piece, i) => void this.#socket.write(piece, i === last ? () => resolve() : undefined));
    });
    this.#socket.uncork();
    await written;
  }
}
