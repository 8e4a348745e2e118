import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cliReferenceMarkdown, EXIT } from "axonloom";
import { describe, expect, test } from "vitest";
import { axonloom, ROOT } from "./harness.ts";

const COMMANDS = [
  "run",
  "plan",
  "status",
  "restitch",
  "evaluate",
  "compare",
  "experiment",
  "convert",
  "info",
  "digest",
  "phantom",
  "defaults",
  "schema",
  "demo",
];

test("the page of commands is that of the help texts", () => {
  expect(readFileSync(join(ROOT, "docs/reference/cli.md"), "utf8"), "run scripts/make-docs.mjs").toBe(cliReferenceMarkdown());
});

test("the page of exit codes has each of them", () => {
  const page = readFileSync(join(ROOT, "docs/reference/exit-codes.md"), "utf8");
  const listed = [...page.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT));
});

test.each(COMMANDS)("%s --help shows an example", async (name) => {
  const { code, stdout, stderr } = await axonloom([name, "--help"], ROOT);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`^Usage: axonloom ${name} `));
  expect(stdout).toMatch(new RegExp(`Examples?:\n  \\$ axonloom ${name}`));
});

test("--help lists all commands, --version prints the version of the package", async () => {
  const help = await axonloom(["--help"], ROOT);
  expect(help.code).toBe(0);
  for (const name of COMMANDS) expect(help.stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  const version = await axonloom(["--version"], ROOT);
  const manifest = JSON.parse(readFileSync(join(ROOT, "packages/cli/package.json"), "utf8")) as { version: string };
  expect(version.stdout).toBe(`${manifest.version}\n`);
});

describe("wrong arguments end with code 2 and say what would be right", () => {
  test.each([
    [["rnu"], /unknown command 'rnu'[\s\S]*Did you mean run/],
    [["run", "x.yml", "--worker", "2"], /unknown option '--worker'[\s\S]*Did you mean --workers/],
    [["run", "x.yml", "--workers", "0"], /'--workers <n>' argument '0' is invalid.*whole number/],
    [["run", "x.yml", "--memory", "much"], /'--memory <size>' argument 'much' is invalid.*8GB/],
    [["run"], /missing required argument 'config'/],
    [["info", "a", "b"], /too many arguments/],
    [["restitch", "x.run", "--stitch-algorithm", "bold"], /none, conservative, medium, aggressive, either/],
    [["restitch", "x.run", "--overlap-ratio", "2"], /0 to 1/],
    [["defaults", "--format", "toml"], /yaml, json/],
    [["phantom", "--size", "1,2", "--gray", "g.npy", "--truth", "t.npy"], /x,y,z/],
    [["evaluate", "--segmentation", "a"], /required option '--ground-truth/],
    [[], /Usage: axonloom/],
  ])("%j", async (args, expected) => {
    const { code, stdout, stderr } = await axonloom(args, ROOT);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(expected);
    if (args.length > 0) expect(stderr).toMatch(/^axonloom: E_USAGE: /);
  });
});

test("what the program is run as exists", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "packages/cli/package.json"), "utf8")) as { bin: Record<string, string> };
  for (const file of Object.values(manifest.bin)) expect(existsSync(join(ROOT, "packages/cli", file))).toBe(true);
});
