import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import { forwardLines } from "./line-forwarder.ts";

async function forward(...pieces: (string | Buffer)[]) {
  const stream = new PassThrough();
  const lines: string[] = [];
  const tail = forwardLines(stream, (line) => lines.push(line));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await finished(stream);
  return { lines, tail: tail() };
}

test("lines, however they are cut, the last without an end too", async () => {
  expect((await forward("one\ntw", "o\r\n\nthree")).lines).toEqual(["one", "two", "three"]);
});

test("a flood is cut, its end is kept for the error text", async () => {
  const { lines, tail } = await forward(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(""));
  expect(lines.length).toBe(1001);
  expect(lines.at(-1)).toBe("… further output is dropped");
  expect(tail.at(-1)).toBe("line 4999");
});

test("an endless line and binary rubbish are bounded", async () => {
  const { lines } = await forward(Buffer.alloc(1 << 20, 0xfe), Buffer.alloc(1 << 20, 0x41), "\nend\n");
  expect(lines.map((line) => line.length)).toEqual([2001, 3]);
});
