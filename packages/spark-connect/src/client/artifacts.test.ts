import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { sourceOfBytes, sourceOfFile } from "./artifact-source.ts";
import { piecesOf } from "./artifacts.ts";

const folder = mkdtempSync(join(tmpdir(), "spark-connect-artifacts-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, "content");
  writeFileSync(path, bytes);
  return path;
}

test("pieces hold the bytes once, in order, with their checksums, from memory and from a file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      async (bytes, size, inFile) => {
        const source = inFile ? await sourceOfFile(fileOf(bytes)) : sourceOfBytes(bytes);
        expect(source).toMatchObject({ size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
        const requests = await all(piecesOf("files/x", source, size));
        const pieces: { data?: Uint8Array; crc?: bigint }[] = [];
        for (const { payload } of requests) {
          if (payload?.case === "batch") pieces.push(payload.value.artifacts![0]!.data!);
          else if (payload?.case === "beginChunk") {
            expect(payload.value).toMatchObject({
              name: "files/x",
              totalBytes: BigInt(bytes.length),
              numChunks: BigInt(requests.length),
            });
            pieces.push(payload.value.initialChunk!);
          } else if (payload?.case === "chunk") pieces.push(payload.value);
        }
        expect(pieces.length).toBe(requests.length);
        expect(Buffer.concat(pieces.map(({ data }) => data!))).toEqual(Buffer.from(bytes));
        for (const { data, crc } of pieces) {
          expect(crc).toBe(BigInt(crc32(data!)));
          expect(data!.length).toBeLessThanOrEqual(size);
        }
      },
    ),
  );
});

test("a file that is missing, or changes while it is sent, is an error", async () => {
  await expect(sourceOfFile(join(folder, "absent"))).rejects.toMatchObject({
    code: "E_SPARK_ARTIFACT",
    message: expect.stringContaining("absent"),
  });
  const before = Uint8Array.of(1, 2, 3, 4, 5);
  for (const after of [
    [1, 2, 3, 4, 6],
    [1, 2, 3, 4],
    [1, 2, 3, 4, 5, 6],
  ]) {
    const source = await sourceOfFile(fileOf(before));
    fileOf(Uint8Array.from(after));
    await expect(async () => {
      for await (const _ of piecesOf("files/x", source, 2));
    }).rejects.toMatchObject({ code: "E_SPARK_ARTIFACT", message: expect.stringContaining("changed") });
  }
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}
