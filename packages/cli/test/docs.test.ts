/** The examples of the documentation run: in a page, in the order in which they stand, in one folder (`pages.ts`). */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { axonloom, ROOT } from "./harness.ts";
import { examplesOf, runPage, workplace } from "./pages.ts";

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

// dvid-how-to.test.ts starts what the page of DVID needs
test.each(withExamples.filter(({ name }) => name !== "docs/how-to/dvid.md"))("$name", ({ examples }) => runPage(examples));

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
