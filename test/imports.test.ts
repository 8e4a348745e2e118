import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findCycle, forbiddenImports, importsOf, readRooms, sourceFiles, specifiersIn } from "./imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const rooms = readRooms(readFileSync(join(root, "docs", "architecture.md"), "utf8"));
const files = readdirSync(join(root, "packages")).flatMap((room) => sourceFiles(root, `packages/${room}/src`));
const imports = importsOf(root, files);

test("docs/architecture.md names the rooms, and every file is seen", () => {
  expect(Object.keys(rooms.packages).sort()).toEqual(readdirSync(join(root, "packages")).sort());
  expect(rooms.folders).toEqual(expect.arrayContaining(["workflows", "config", "segment", "store", "geometry", "volume"]));
  expect(files.length).toBeGreaterThan(30);
  expect(imports.length).toBeGreaterThan(files.length);
});

test("no import leads upwards", () => {
  expect(forbiddenImports(imports, rooms)).toEqual([]);
});

test("there is no import cycle", () => {
  expect(findCycle(imports)?.join(" -> ") ?? null).toBeNull();
});

test("imports are found in every form, but not in comments", () => {
  const text = `
    /** import { a } from "in-a-comment"; */
    // import "in-a-line";
    import { b, type C } from "./b.ts";
    import type { D } from "d";
    import * as e from 'e';
    import "side-effect";
    export * from "./f.ts";
    export {
      g,
    } from "./g.ts";
    const h = await import("h");
    export const from = "not this";
  `;
  expect(specifiersIn(text)).toEqual(["./b.ts", "d", "e", "side-effect", "./f.ts", "./g.ts", "h"]);
});

test("bad imports are seen", () => {
  const core = "packages/core/src";
  const bad = [
    { from: `${core}/geometry/grid.ts`, to: `${core}/store/types.ts` },
    { from: `${core}/errors.ts`, to: `${core}/geometry/grid.ts` },
    { from: `${core}/nowhere/a.ts`, to: `${core}/volume/block.ts` },
    { from: `${core}/store/a.ts`, to: `${core}/index.ts` },
    { from: `${core}/store/a.ts`, to: "packages/kernels/src/shape.ts" },
    { from: "packages/kernels/src/a.ts", to: "@axonloom/core" },
    { from: "packages/core/src/store/a.ts", to: "axonloom" },
    { from: "packages/unknown/src/a.ts", to: "zod" },
  ];
  expect(forbiddenImports(bad, rooms)).toHaveLength(bad.length);
  const good = [
    { from: `${core}/store/a.ts`, to: `${core}/geometry/box.ts` },
    { from: `${core}/store/a.ts`, to: `${core}/store/b.ts` },
    { from: `${core}/store/a.ts`, to: `${core}/errors.ts` },
    { from: `${core}/index.ts`, to: `${core}/workflows/a.ts` },
    { from: `${core}/store/a.ts`, to: "@axonloom/kernels" },
    { from: "packages/cli/src/a.ts", to: "@axonloom/core/stages" },
    { from: "packages/kernels/src/a.ts", to: "node:zlib" },
  ];
  expect(forbiddenImports(good, rooms)).toEqual([]);
});

test("cycles are seen", () => {
  const pairs = ["a b", "b c", "c d", "d b"].map((pair) => ({ from: pair[0]!, to: pair[2]! }));
  expect(findCycle(pairs)).toEqual(["b", "c", "d", "b"]);
  expect(findCycle(pairs.slice(0, 3))).toBeNull();
});
