/**
 * The examples of the documentation run. In a page, in the order in which they stand, in one folder:
 *   ```sh test           commands, each of which must end with code 0; `axonloom` is the built program
 *   ```js test           a module
 *   ```yaml file=NAME    a file of that name (any language)
 *   <!-- test … -->      commands that prepare the example and are not shown
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { axonloom, BIN, ROOT, temporaryFolder } from "./harness.ts";

interface Example {
  readonly kind: "sh" | "js" | "file";
  readonly text: string;
  readonly name: string;
  readonly line: number;
}

function examplesOf(page: string): Example[] {
  const examples: Example[] = [];
  const pattern = /^<!-- test\n([\s\S]*?)^-->$|^```(\w+) (test|file=(\S+))\n([\s\S]*?)^```$/gm;
  for (const match of page.matchAll(pattern)) {
    const [, hidden, language, , file, body] = match;
    const kind = hidden !== undefined ? "sh" : file !== undefined ? "file" : (language as "sh" | "js");
    const line = page.slice(0, match.index).split("\n").length;
    examples.push({ kind, text: hidden ?? body!, name: file ?? "", line });
  }
  return examples;
}

/** A folder in which `axonloom` is a command and the packages can be imported. */
function workplace(): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = temporaryFolder();
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "axonloom"), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`, { mode: 0o755 });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  return { folder, env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` } };
}

function runExample({ kind, text, name, line }: Example, { folder, env }: ReturnType<typeof workplace>): void {
  if (kind === "file") {
    writeFileSync(join(folder, name), text);
    return;
  }
  const script = join(folder, `example-${line}.mjs`);
  if (kind === "js") writeFileSync(script, text);
  const [command, args] = kind === "sh" ? ["sh", ["-e", "-c", text]] : [process.execPath, [script]];
  const { status, stderr } = spawnSync(command!, args as string[], { cwd: folder, env, encoding: "utf8" });
  expect(status, `line ${line}:\n${text}\n${stderr}`).toBe(0);
}

const isPage = (name: string) => name.endsWith(".md");
const PAGES = [
  "README.md",
  "examples/README.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter(isPage)
    .map((name) => `docs/${name}`),
].sort();
const withExamples = PAGES.map((name) => ({ name, examples: examplesOf(readFileSync(join(ROOT, name), "utf8")) })).filter(
  ({ examples }) => examples.length > 0,
);

test("there are pages with examples", () => {
  expect(withExamples.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["README.md", "docs/tutorial.md", "docs/how-to/own-data.md", "docs/reference/library.md"]),
  );
});

test.each(withExamples)("$name", ({ examples }) => {
  const place = workplace();
  for (const example of examples) runExample(example, place);
});

describe("links", () => {
  test.each(PAGES)("%s leads to files that are there", (name) => {
    const page = readFileSync(join(ROOT, name), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
    const missing: string[] = [];
    for (const [, target] of page.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      const path = join(ROOT, name, "..", target!);
      if (!existsSync(path)) missing.push(relative(ROOT, path));
    }
    expect(missing).toEqual([]);
  });
});

test("the server of the Neuroglancer page serves info and chunks to the viewer only", async () => {
  const examples = examplesOf(readFileSync(join(ROOT, "docs/how-to/view-in-neuroglancer.md"), "utf8"));
  const { folder } = workplace();
  const text = examples.find(({ name }) => name === "serve.mjs")!.text;
  const port = 20_000 + (process.pid % 20_000);
  writeFileSync(join(folder, "serve.mjs"), text.replaceAll("9100", String(port)));
  const args = [
    "phantom",
    "--size",
    "64,64,64",
    "--seed",
    "6",
    "--gray",
    "precomputed://gray",
    "--truth",
    "precomputed://segmentation",
  ];
  expect(await axonloom(args, folder)).toMatchObject({ code: 0 });
  const server = spawn(process.execPath, ["serve.mjs"], { cwd: folder });
  onTestFinished(() => void server.kill());
  await new Promise((resolve) => server.stdout.once("data", resolve));
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const info = await get("/segmentation/info");
  expect(info.headers.get("access-control-allow-origin")).toBe("https://neuroglancer-demo.appspot.com");
  const { scales } = (await info.json()) as { scales: { key: string }[] };
  const chunk = await get(`/segmentation/${scales[0]!.key}/0-64_0-64_0-64`);
  expect(chunk.status).toBe(200);
  expect((await chunk.arrayBuffer()).byteLength).toBeGreaterThan(8);
  expect((await get("/segmentation/none")).status).toBe(404);
  expect((await get("/..%2f..%2fetc/passwd")).status).toBe(404);
  expect((await get("/segmentation/")).status).toBe(404);
});
