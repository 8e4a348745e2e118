import { expect, test } from "vitest";
import { sizeOf } from "./connect.ts";

test.each([
  ["1g", 2 ** 30],
  ["512m", 2 ** 29],
  ["2gb", 2 ** 31],
  ["1048576", 2 ** 20],
  ["0", 0],
  ["much", Number.NaN],
])("a size as Spark writes it: %s", (text, bytes) => expect(sizeOf(text)).toBe(bytes));
