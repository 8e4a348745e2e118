/** Small schemas that several parts of the configuration share. */
import { z } from "zod";

/** An input that a union refused; `found` is added by the formatter. */
const expects = (text: string) => ({ error: () => `expected ${text}` });

export const text = z.string().min(1);
export const count = z.int().min(0);
/** What comes after the scheme is read when it is opened. */
export const dvidName = z.string().regex(/^dvid:\/\/./, { error: "expected dvid://host:port/version/instance" });
export const positive = z.int().min(1);

/** One number for all axes or `[x, y, z]`. */
export const edge = (n: z.ZodNumber, what: string) => z.union([n, z.tuple([n, n, n])], expects(`${what}, or [x, y, z] of such`));

const MAX_UINT64 = 2n ** 64n - 1n;

/** An unsigned 64-bit integer: a safe JSON number, or decimal digits in quotes. */
export function uint64(minimum: 0 | 1) {
  const error = ({ input }: { readonly input?: unknown }) =>
    typeof input === "number" && Number.isInteger(input) && Math.abs(input) > Number.MAX_SAFE_INTEGER
      ? "a number above 2^53 - 1 is not exact in JSON and YAML: expected its digits in quotes"
      : `expected an integer from ${minimum} to 2^64 - 1, in quotes when above 2^53 - 1`;
  const inRange = (digits: string) => !/^\d{1,20}$/.test(digits) || (BigInt(digits) >= minimum && BigInt(digits) <= MAX_UINT64);
  const digits = z
    .string()
    .regex(/^\d{1,20}$/, { error })
    .refine(inRange, { error });
  return z.union([z.int({ error }).min(minimum, { error }), digits], { error });
}

/** An axis-aligned box `[[x0, y0, z0], [x1, y1, z1]]`, upper bounds exclusive. */
export const xyzBox = z
  .tuple([z.tuple([z.int(), z.int(), z.int()]), z.tuple([z.int(), z.int(), z.int()])], {
    error: ({ code }) => (code === "invalid_type" ? "expected [[x0, y0, z0], [x1, y1, z1]]" : undefined),
  })
  .refine(([start, stop]) => start.every((from, axis) => from < stop[axis]!), {
    error: "expected [[x0, y0, z0], [x1, y1, z1]] with each lower bound below its upper bound (which is exclusive)",
  });
