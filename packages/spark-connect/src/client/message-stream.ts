/** A server stream, read message by message: what arrived before a failure is still delivered, and nothing is read ahead of need. */
import type { ClientReadableStream } from "@grpc/grpc-js";

export class MessageStream<T> {
  readonly #call: ClientReadableStream<T>;
  #wake = () => {};
  #ended = false;
  #error: Error | null = null;

  /** @param onOver called once, when the stream has ended or failed. */
  constructor(call: ClientReadableStream<T>, onOver: () => void = () => {}) {
    this.#call = call;
    call.on("readable", () => this.#wake());
    call.once("end", () => {
      this.#ended = true;
      onOver();
      this.#wake();
    });
    call.on("error", (error) => {
      this.#error ??= error;
      onOver();
      this.#wake();
    });
  }

  /** The next message, or null at the normal end. Throws the call's error after the last message that was received. */
  async next(): Promise<T | null> {
    for (;;) {
      const message = this.#call.read() as T | null;
      if (message !== null) return message;
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  cancel(): void {
    this.#call.cancel();
  }
}
