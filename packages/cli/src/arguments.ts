/** Reads the values of options and arguments; what is wrong is said by commander, with the option's name. */
import { type Box, box, fromXyz, isEmpty, type Vec3 } from "@axonloom/core";
import { InvalidArgumentError } from "commander";

export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (n >= minimum && n <= maximum) return n;
    const range = maximum === Number.MAX_SAFE_INTEGER ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

export function fraction(text: string): number {
  const n = text.trim() === "" ? Number.NaN : Number(text);
  if (n >= 0 && n <= 1) return n;
  throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

/** `x,y,z` (or one number for all three) as z, y, x. */
export function sizeXyz(text: string): Vec3 {
  const parts = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  const xyz = parts.length === 1 ? [parts[0]!, parts[0]!, parts[0]!] : parts;
  if (xyz.length === 3 && xyz.every((n) => n >= 1 && Number.isSafeInteger(n))) return fromXyz(xyz as [number, number, number]);
  throw new InvalidArgumentError("Expected a size in voxels: x,y,z as in 512,512,100, or one number for all three.");
}

/** `x0,y0,z0,x1,y1,z1`, upper bounds exclusive. */
export function boxXyz(text: string): Box {
  const parts = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length === 6 && parts.every(Number.isSafeInteger)) {
    const [x0, y0, z0, x1, y1, z1] = parts as [number, number, number, number, number, number];
    const found = box(fromXyz([x0, y0, z0]), fromXyz([x1, y1, z1]));
    if (!isEmpty(found)) return found;
  }
  throw new InvalidArgumentError("Expected a box x0,y0,z0,x1,y1,z1 with each lower bound below its upper bound.");
}

export function wholeNumbers(text: string, minimum = 0): number[] {
  return text.split(",").map((part) => wholeNumber(minimum)(part.trim()));
}

/** `8GB`, `512MiB` or bytes. */
export function memory(text: string): number {
  const powers: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(i?)B?)?$/i.exec(text.trim());
  const bytes =
    match === null ? Number.NaN : Number(match[1]) * (match[3] ? 1024 : 1000) ** (powers[(match[2] ?? "").toUpperCase()] ?? 0);
  if (bytes >= 1) return Math.floor(bytes);
  throw new InvalidArgumentError("Expected a size of memory, as in 8GB, 512MiB or a number of bytes.");
}

export function oneOf<const T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Expected one of ${values.join(", ")}.`);
  };
}

/** Names with commas between them, each at most once. */
export function listOf<const T extends string>(values: readonly T[]): (text: string) => T[] {
  return (text) => {
    const found = text.split(",").map((part) => oneOf(values)(part.trim()));
    if (new Set(found).size === found.length) return found;
    throw new InvalidArgumentError("Expected each name once.");
  };
}
