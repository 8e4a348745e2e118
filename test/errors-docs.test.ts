import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERRORS } from "../packages/core/src/errors.ts";
import { KERNEL_ERRORS } from "../packages/kernels/src/errors.ts";
// @ts-expect-error plain JavaScript
import { errorsMarkdown } from "../scripts/errors-page.mjs";

const page = readFileSync(new URL("../docs/reference/errors.md", import.meta.url), "utf8");

test("docs/reference/errors.md lists every code", () => {
  for (const code of [...Object.keys(ERRORS), ...Object.keys(KERNEL_ERRORS)]) expect(page).toContain(`| \`${code}\` |`);
});

test("docs/reference/errors.md is current (npm run setup && node scripts/make-docs.mjs)", () => {
  expect(errorsMarkdown(ERRORS, KERNEL_ERRORS)).toBe(page);
});
