import { expect, test } from "vitest";
import { AxonloomError } from "../errors.ts";
import { readFailure } from "./files.ts";

const systemError = (code: string) => Object.assign(new Error(`${code}: no, open '/data/a.npy'`), { code });
const failure = (error: unknown) => readFailure("npy:///data/a.npy", "/data/a.npy", error);

test.each([
  ["ENOENT", "E_SOURCE_NOT_FOUND", /does not exist; check the path/],
  ["EACCES", "E_SOURCE_READ", /cannot read \/data\/a\.npy .*check the permissions/],
  ["EIO", "E_SOURCE_READ", /check the permissions and the disk/],
  ["EISDIR", "E_SOURCE_DAMAGED", /damaged or of another format/],
  ["Z_DATA_ERROR", "E_SOURCE_DAMAGED", /damaged or of another format/],
])("%s while reading is %s", (code, expected, message) => {
  const cause = systemError(code);
  expect(failure(cause)).toMatchObject({ code: expected, message: expect.stringMatching(message), cause });
});

test("mistakes of the program, its own errors and aborts are not taken for a damaged file", () => {
  for (const error of [
    new TypeError("x is not a function"),
    new ReferenceError("x is not defined"),
    new AxonloomError("E_DTYPE", "no"),
  ]) {
    expect(failure(error)).toBe(error);
  }
  const reason = new Error("stop");
  expect(readFailure("a", "a", systemError("EACCES"), { signal: AbortSignal.abort(reason) })).toBe(reason);
});
