import fc from "fast-check";
import { expect, test } from "vitest";
import { byKey, decodeKey, encodeIndex, encodeKey, Pieces, seqOfKey, valueRows } from "./wire.ts";

const text = fc.string({ unit: "binary", maxLength: 6 });

test("keys come back, and their bytes sort like the texts", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(decodeKey(encodeKey(a))).toBe(a);
      expect(Buffer.compare(encodeKey(a), encodeKey(b))).toBe(byKey(a, b));
    }),
  );
});

test("the rows that a group has made come before those of the next one", () => {
  fc.assert(
    fc.property(text, text, fc.nat(), fc.nat(), (a, b, i, j) => {
      const seq = (key: string, index: number) => Buffer.concat([seqOfKey(key), encodeIndex(index)]);
      expect(Buffer.compare(seq(a, i), seq(b, j))).toBe(byKey(a, b) || Math.sign(i - j));
    }),
  );
});

test("values are cut in pieces and put together again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 1, max: 7 }), (value, pieceBytes) => {
      const pieces = new Pieces();
      const rows = [...valueRows(encodeIndex(0), encodeKey("k"), value, pieceBytes)];
      expect(rows).toHaveLength(Math.max(1, Math.ceil(value.length / pieceBytes)));
      const whole = rows.map((row) => pieces.add(row.value!, row.part, row.parts)).filter((found) => found !== null);
      expect(whole.map((found) => [...found])).toEqual([[...value]]);
    }),
  );
  expect(() => new Pieces().add(new Uint8Array(1), 1, 2)).toThrow(/expected piece 0/);
});
