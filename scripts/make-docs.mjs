// Writes the pages that are made from the code: node scripts/setup.mjs && node scripts/make-docs.mjs. Tests compare them with the code.
import { mkdirSync, writeFileSync } from "node:fs";
import { configReferenceMarkdown, ERRORS, evaluationReferenceMarkdown } from "@axonloom/core";
import { KERNEL_ERRORS } from "@axonloom/kernels";
import { cliReferenceMarkdown } from "axonloom";
import { errorsMarkdown } from "./errors-page.mjs";

const folder = new URL("../docs/reference/", import.meta.url);
const pages = {
  "cli.md": cliReferenceMarkdown(),
  "configuration.md": configReferenceMarkdown(),
  "evaluation.md": evaluationReferenceMarkdown(),
  "errors.md": errorsMarkdown(ERRORS, KERNEL_ERRORS),
};

mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(new URL(name, folder), text);
  console.log(`docs/reference/${name}`);
}
