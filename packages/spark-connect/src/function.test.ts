import fc from "fast-check";
import { expect, test } from "vitest";
import { artifactName, hashOfArtifactName, type JsonValue, packCommand, unpackCommand } from "./function.ts";

const hex = "0123456789abcdef".repeat(4);
const command = { bundle: artifactName("bundle", hex), export: "double", parameters: { by: 2 }, output: "id long" };

test("a command is JSON with a fixed order of keys", () => {
  const shuffled = { output: "id long", parameters: { by: 2 }, export: "double", bundle: command.bundle };
  expect(new TextDecoder().decode(packCommand(shuffled))).toBe(
    `{"bundle":"bundle-${hex}.mjs","export":"double","parameters":{"by":2},"output":"id long"}`,
  );
});

test("what is packed is unpacked", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ minLength: 1 }), fc.string(), (parameters, name, output) => {
      const given = { ...command, export: name, output, parameters: parameters as JsonValue };
      expect(unpackCommand(packCommand(given))).toEqual(JSON.parse(JSON.stringify(given)));
    }),
  );
});

test("other bytes are refused with a code", () => {
  const wrong = (text: string) => () => unpackCommand(new TextEncoder().encode(text));
  for (const text of ["", "1", "null", "{}", '{"bundle":"../x.mjs","export":"f","output":""}']) {
    expect(wrong(text), text).toThrow(expect.objectContaining({ code: "E_SPARK_PROTOCOL" }));
  }
  expect(wrong(JSON.stringify({ ...command, export: "" }))).toThrow(/export ""/);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(() => unpackCommand(bytes)).toThrow(expect.objectContaining({ code: "E_SPARK_PROTOCOL" }));
    }),
  );
});

test("names carry their hash", () => {
  expect(artifactName("launcher", hex)).toBe(`launcher-${hex}.sh`);
  expect(hashOfArtifactName(`worker-${hex}.mjs`)).toBe(hex);
  for (const name of [`bundle-${hex.slice(1)}.mjs`, `x/bundle-${hex}.mjs`, "bundle.mjs"])
    expect(hashOfArtifactName(name)).toBe(null);
});
