import type { Readable } from "node:stream";

const MAX_LINES = 1000;
const MAX_LINE = 2000;
/** Enough for V8's report of a full heap, whose first line says so. */
const TAIL = 60;

/**
 * Passes what a process prints on, line by line, at most {@link MAX_LINES} lines of at most {@link MAX_LINE} characters; the rest is
 * read and dropped, so that the process never waits. @returns the last lines, for error texts.
 */
export function forwardLines(stream: Readable, write: (line: string) => void): () => string[] {
  const tail: string[] = [];
  let lines = 0;
  let rest = "";
  const emit = (line: string) => {
    const short = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
    if (short.trim() === "") return;
    tail.push(short);
    if (tail.length > TAIL) tail.shift();
    lines++;
    if (lines <= MAX_LINES) write(short);
    if (lines === MAX_LINES + 1) write("… further output is dropped");
  };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop()!.slice(0, MAX_LINE + 1);
    for (const part of parts) emit(part);
  });
  stream.on("end", () => emit(rest));
  return () => tail;
}
