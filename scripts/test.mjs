// Runs all tests, or those named: npm test -- packages/core/src/store. Ends with the line "N passed, N failed, N skipped".
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Counts of a report of vitest's JSON reporter; a file that could not be loaded counts as one failed test. */
export function summarise(report) {
  const summary = { passed: 0, failed: 0, skipped: [] };
  for (const file of report.testResults) {
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) summary.failed++;
    for (const test of file.assertionResults) {
      if (test.status === "passed") summary.passed++;
      else if (test.status === "failed") summary.failed++;
      else summary.skipped.push({ file: file.name, name: test.fullName });
    }
  }
  return summary;
}

/** Not a single test that passed is no success. */
export function exitCodeOf({ passed, failed }, vitestStatus) {
  if (failed > 0 || passed === 0) return 1;
  return vitestStatus ?? 1;
}

function main(root) {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-test-"));
  const output = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
  const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
  });
  const report = existsSync(output) ? JSON.parse(readFileSync(output, "utf8")) : { testResults: [] };
  rmSync(folder, { recursive: true });
  const summary = summarise(report);
  printSkipped(root, summary.skipped);
  const code = exitCodeOf(summary, status);
  if (code !== 0 && summary.failed === 0) {
    console.log(summary.passed === 0 ? "no test has passed: nothing is proved" : "an error outside of the tests, see above");
  }
  console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped.length} skipped`);
  process.exitCode = code;
}

function printSkipped(root, skipped) {
  if (skipped.length === 0) return;
  console.log("\nSkipped:");
  for (const { file, name } of skipped) console.log(`  ${relative(root, file)}: ${name}`);
  const data = resolve(process.env["AXONLOOM_DATA"] ?? join(root, "..", "shared", "data"));
  if (!existsSync(data))
    console.log(`Real data was not found in ${data}: set AXONLOOM_DATA to its folder to run the tests that need it.`);
  console.log("");
}

if (realpathSync(process.argv[1] ?? ".") === fileURLToPath(import.meta.url)) main(fileURLToPath(new URL("..", import.meta.url)));
