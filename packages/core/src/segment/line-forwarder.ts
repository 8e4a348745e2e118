import type { Readable } from "node:stream";

const MAX_LINES = 1000;
const MAX_LINE = 2000;
/** Enough for V8's report of a full heap, whose first line says so. */
const TAIL = 60;

/**
 * Passes what a process prints on, line by line, at most {@link MAX_LINES} lines of at most {@link MAX_LINE} characters; the rest is
 * read and dropped, so that the process never waits.
 */
export class LineForwarder {
  readonly #longest: number;
  #write: (line: string) => void = () => {};
  #tail: string[] = [];
  #lines = 0;
  #rest = "";
  #end: string | null = null;
  #ended: () => void = () => {};

  constructor(stream: Readable, longest = MAX_LINE) {
    this.#longest = longest;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const parts = (this.#rest + text).split(/\r?\n/);
      this.#rest = parts.pop()!.slice(0, this.#longest + 1);
      for (const part of parts) this.#line(part);
    });
    stream.on("end", () => {
      this.#line(this.#rest);
      this.#ended();
    });
  }

  /** From now on lines go to `write`, and are counted anew. */
  begin(write: (line: string) => void): void {
    this.#write = write;
    this.#lines = 0;
    this.#tail = [];
  }

  /** Resolves when the line `end` comes, which is not passed on, or when nothing comes any more. */
  until(end: string): Promise<void> {
    this.#end = end;
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  /** The last lines, for error texts. */
  tail(): string[] {
    return this.#tail;
  }

  #line(text: string): void {
    if (text === this.#end) {
      this.#ended();
      return;
    }
    const short = text.length > this.#longest ? `${text.slice(0, this.#longest)}…` : text;
    if (short.trim() === "") return;
    this.#tail.push(short);
    if (this.#tail.length > TAIL) this.#tail.shift();
    this.#lines++;
    if (this.#lines <= MAX_LINES) this.#write(short);
    if (this.#lines === MAX_LINES + 1) this.#write("… further output is dropped");
  }
}

/** The same for a process that does one thing. @returns the last lines. */
export function forwardLines(stream: Readable, write: (line: string) => void): () => string[] {
  const lines = new LineForwarder(stream);
  lines.begin(write);
  return () => lines.tail();
}
