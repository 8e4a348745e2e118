import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDvidName, parseDvidName, parseVolumeName } from "./name.ts";

const UUID = "abcdef00000000000000000000000001";

test("names of a server, a version, a volume", () => {
  const plain = { scale: 0, supervoxels: false };
  expect(parseDvidName("emdata:8000")).toEqual({ origin: "http://emdata:8000", version: null, instance: null, ...plain });
  expect(parseDvidName("emdata:8000/abc/")).toEqual({ origin: "http://emdata:8000", version: "abc", instance: null, ...plain });
  expect(parseVolumeName(`https://emdata.org/${UUID}/seg?scale=2&supervoxels=true`)).toEqual({
    origin: "https://emdata.org",
    version: UUID,
    instance: "seg",
    scale: 2,
    supervoxels: true,
  });
  expect(parseVolumeName("http://[::1]:8000/hemibrain:my-branch/seg%20ment")).toMatchObject({
    origin: "http://[::1]:8000",
    version: "hemibrain:my-branch",
    instance: "seg ment",
  });
});

test.each([
  ["", "expected dvid://host:port"],
  ["host/a/b/c", "expected dvid://host:port"],
  ["host//seg", "expected dvid://host:port"],
  ["user:secret@host/a/b", "expected dvid://host:port"],
  ["host:port/a/b", "no host:port"],
  ["host/a/%zz", "percent-encoded"],
  ["host/a/b?scale=-1", "number of a scale"],
  ["host/a/b?scale=1&scale=1", "there twice"],
  ["host/a/b?supervoxels=1", "true or false"],
  ["host/a/b?scael=1", 'did you mean "scale"'],
])("%s is refused", (rest, why) => {
  expect(() => parseDvidName(rest)).toThrow(
    expect.objectContaining({ code: "E_SOURCE_NAME", message: expect.stringContaining(why) }),
  );
});

test("what a name may give away is in no message", () => {
  for (const rest of ["user:secret@host/a/b", "https://user:secret@host/a/b", "host/a/b?admintoken=secret"]) {
    const error = (() => {
      try {
        return parseDvidName(rest);
      } catch (e) {
        return e;
      }
    })();
    expect(error).toMatchObject({ code: "E_SOURCE_NAME" });
    expect(inspect(error, { depth: 9 })).not.toContain("secret");
  }
});

test("a volume's name needs an instance", () => {
  expect(() => parseVolumeName("host:8000/abc")).toThrow(/names no instance/);
});

test("what is written is read back", () => {
  const part = fc.string({ minLength: 1, unit: "grapheme" }).filter((s) => !s.includes("\0"));
  fc.assert(
    fc.property(
      part,
      part,
      fc.integer({ min: 0, max: 9 }),
      fc.boolean(),
      fc.option(part),
      (version, instance, scale, supervoxels, owner) => {
        const name = { origin: "http://host:8000", version, instance, scale, supervoxels, ...(owner === null ? {} : { owner }) };
        expect(parseDvidName(formatDvidName(name).slice("dvid://".length))).toEqual(name);
      },
    ),
  );
});
