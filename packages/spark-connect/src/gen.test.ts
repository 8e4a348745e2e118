import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function textsBelow(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

test("src/gen is what proto/ gives (npm run gen -w packages/spark-connect)", () => {
  const folder = mkdtempSync(join(tmpdir(), "spark-connect-gen-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts", "gen.mjs"), folder], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const current = textsBelow(folder);
    expect(Object.keys(current).length).toBeGreaterThanOrEqual(2);
    expect(textsBelow(join(root, "src", "gen"))).toEqual(current);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
