/** The commands of docs/how-to/dvid.md on a server that is empty. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { ROOT } from "./harness.ts";
import { examplesOf, runPage } from "./pages.ts";

export async function runHowTo({ host, admin }: { readonly host: string; readonly admin: string }): Promise<void> {
  const page = readFileSync(join(ROOT, "docs/how-to/dvid.md"), "utf8");
  const examples = examplesOf(page.replaceAll("emdata:8000", host));
  expect(examples.length).toBeGreaterThan(6);
  await runPage(examples, { AXONLOOM_DVID_ADMIN_TOKEN: admin });
}
