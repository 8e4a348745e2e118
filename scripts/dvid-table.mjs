// Writes the table of docs/reference/dvid.md from a run of the tests that count for it: against the stand-in, and, when AXONLOOM_DVID names
// a server's program, against that. A live cell that this run did not fill says "not run".
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs/reference/dvid.md");
const [BEGIN, END] = ["<!-- table: scripts/dvid-table.mjs -->", "<!-- end of table -->"];

/** @param {{ passed: number, failed: number } | undefined} counts */
function cell(counts, more = "") {
  if (counts === undefined) return "not run";
  const { passed, failed } = counts;
  return failed > 0 ? `**failed** (${failed} of ${passed + failed})${more}` : `passed (${passed})${more}`;
}

/** Sums of what each side found, by capability. */
function sums(files, side) {
  const found = new Map();
  for (const file of files.filter((f) => f.side === side)) {
    for (const [name, { passed, failed }] of Object.entries(file.results)) {
      const old = found.get(name) ?? { passed: 0, failed: 0 };
      found.set(name, { passed: old.passed + passed, failed: old.failed + failed, file });
    }
  }
  return found;
}

export function render(files) {
  const [standIn, live] = [sums(files, "stand-in"), sums(files, "live")];
  const lines = ["| capability | recorded | stand-in | live |", "|---|---|---|---|"];
  for (const { name, text, recorded, liveOnly } of files[0].rows) {
    const found = live.get(name);
    const more = found === undefined ? "" : `, ${found.file.version}, ${found.file.date}`;
    lines.push(`| ${text} | ${recorded ? "yes" : "–"} | ${liveOnly ? "–" : cell(standIn.get(name))} | ${cell(found, more)} |`);
  }
  return lines.join("\n");
}

function main() {
  const setup = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], { stdio: "inherit" });
  if (setup.status !== 0) throw new Error("expected the setup to succeed");
  const folder = mkdtempSync(join(tmpdir(), "axonloom-dvid-table-"));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "dvid"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, AXONLOOM_DVID_RESULTS: folder },
  });
  const files = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  rmSync(folder, { recursive: true });
  if (files.length === 0) throw new Error("expected results of the tests, found none");
  const text = readFileSync(page, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`expected "${BEGIN}" and "${END}" in ${page}`);
  writeFileSync(page, `${text.slice(0, begin + BEGIN.length)}\n\n${render(files)}\n\n${text.slice(end)}`);
  process.exitCode = status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
