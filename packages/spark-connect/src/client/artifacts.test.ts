import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { piecesOf } from "./artifacts.ts";

test("pieces hold the bytes once, in order, with their checksums", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (bytes, size) => {
      const requests = [...piecesOf("files/x", bytes, size)];
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
    }),
  );
});
