import { expect, test } from "vitest";
import { fraction, memory, oneOf, sizeXyz, wholeNumber } from "./arguments.ts";

test("sizes are x, y, z and become z, y, x", () => {
  expect(sizeXyz("512,256,20")).toEqual([20, 256, 512]);
  expect(sizeXyz("64")).toEqual([64, 64, 64]);
  for (const bad of ["", "1,2", "1,2,0", "1,2,x", "1,2,3,4", "1.5", "-1,2,3"]) expect(() => sizeXyz(bad)).toThrow(/x,y,z/);
});

test.each([
  ["8GB", 8e9],
  ["8G", 8e9],
  ["8gb", 8e9],
  ["1.5 GiB", 1.5 * 2 ** 30],
  ["512MiB", 512 * 2 ** 20],
  ["2000", 2000],
])("memory %s", (text, bytes) => expect(memory(text)).toBe(bytes));

test("no memory", () => {
  for (const bad of ["", "0", "GB", "-1GB", "8XB", "8 G B", "iB"]) expect(() => memory(bad)).toThrow(/8GB/);
});

test("numbers and names", () => {
  expect(wholeNumber(1)("16")).toBe(16);
  for (const bad of ["0", "1.5", "", "x", "1e3"]) expect(() => wholeNumber(1)(bad)).toThrow(/1 or more/);
  expect(() => wholeNumber(1, 8)("9")).toThrow(/from 1 to 8/);
  expect(fraction("0.9")).toBe(0.9);
  for (const bad of ["", " ", "1.1", "-0.1", "x"]) expect(() => fraction(bad)).toThrow(/0 to 1/);
  expect(oneOf(["a", "b"])("b")).toBe("b");
  expect(() => oneOf(["a", "b"])("c")).toThrow(/a, b/);
});
