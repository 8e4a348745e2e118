/** The examples run with one command on the real data, and give what the documentation says. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { axonloom, ROOT, temporaryFolder } from "./harness.ts";

const DATA = resolve(process.env["AXONLOOM_DATA"] ?? join(ROOT, "../shared/data"));
const available = ["flyem-262", "fib25-training2", "isbi2012"].every((name) => existsSync(join(DATA, name)));

/** A copy of the examples with the data where they look for it, so that nothing is written into the checkout. */
function copyOfExamples(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "shared"));
  symlinkSync(DATA, join(folder, "shared/data"), "dir");
  const checkout = join(folder, "checkout");
  cpSync(join(ROOT, "examples"), join(checkout, "examples"), {
    recursive: true,
    filter: (path) => !path.endsWith(".run") && !/segmentation(-\w+)?$/.test(path),
  });
  return checkout;
}

interface Summary {
  readonly digest: string;
  readonly bodies: number;
  readonly matches: number;
  readonly output: string;
}

async function runExample(checkout: string, config: string): Promise<Summary> {
  const { code, stdout, stderr } = await axonloom(["run", config, "--json"], checkout);
  expect(code, stderr).toBe(0);
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Summary;
  expect(last).toMatchObject({ event: "finished", status: "complete", quarantined: 0 });
  return last;
}

/** Minutes on two cores that do other work too. */
const TIMEOUT = { timeout: 600_000 };
const CONFIGS = [
  "examples/flyem-262/flyem-262.yml",
  "examples/isbi2012/isbi2012.yml",
  "examples/plugins/predict-via-threshold.yml",
];

test.skipIf(!available).each(CONFIGS)("%s", TIMEOUT, async (config) => {
  const checkout = copyOfExamples();
  const { digest, output } = await runExample(checkout, config);
  expect(await axonloom(["digest", output], checkout)).toMatchObject({ code: 0, stdout: `${digest}\n` });
});

test.skipIf(!available)(
  "examples/appendix-b, on a part of its volume: ilastik, watershed, NeuroProof, stitched",
  TIMEOUT,
  async () => {
    const checkout = copyOfExamples();
    const path = join(checkout, "examples/appendix-b/appendix-b.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    config.roi = {
      box: [
        [64, 64, 64],
        [192, 128, 128],
      ],
    };
    config.options["chunk-size"] = 64;
    writeFileSync(path, JSON.stringify(config));
    const { bodies, matches, digest } = await runExample(checkout, "examples/appendix-b/appendix-b.json");
    expect(bodies).toBeGreaterThan(1);
    expect(matches).toBeGreaterThan(0);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  },
);

const python = process.env["AXONLOOM_PYTHON"] ?? "python3";
const hasScikitImage =
  /\bpython\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "") || spawnSync(python, ["-c", "import skimage"]).status === 0;

test.skipIf(!available || !hasScikitImage)("examples/plugins/skimage-watershed.yml, a step in Python", TIMEOUT, async () => {
  const checkout = copyOfExamples();
  const { bodies } = await runExample(checkout, "examples/plugins/skimage-watershed.yml");
  expect(bodies).toBeGreaterThan(100);
});

test.skipIf(!available)("examples/fib25-training2: VI and bodies of the four policies are those of the page", TIMEOUT, async () => {
  const checkout = copyOfExamples();
  await runExample(checkout, "examples/fib25-training2/fib25-training2.yml");
  const page = readFileSync(join(ROOT, "docs/how-to/compare-stitching.md"), "utf8");
  const rows = page
    .slice(page.indexOf("<!-- measured: fib25-stitching -->"))
    .matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+) +\| (\d+) +\|$/gm);
  const listed = [...rows].map((row) => row.slice(1));
  const measured: string[][] = [];
  for (const algorithm of ["none", "conservative", "medium", "aggressive"]) {
    const output = join(checkout, algorithm);
    const run = "examples/fib25-training2/fib25-training2.run";
    const made = await axonloom(["restitch", run, "--stitch-algorithm", algorithm, "--output", output, "--json"], checkout);
    expect(made.code, made.stderr).toBe(0);
    const { bodies } = JSON.parse(made.stdout.trimEnd().split("\n").at(-1)!) as { bodies: number };
    const truth = join(DATA, "fib25-training2/gt.npy.gz");
    const { stdout } = await axonloom(["evaluate", "--segmentation", output, "--ground-truth", truth, "--json"], checkout);
    const { merge_vi, split_vi, vi } = JSON.parse(stdout) as Record<"merge_vi" | "split_vi" | "vi", number>;
    measured.push([algorithm, ...[merge_vi, split_vi, vi].map((value) => value.toFixed(4)), String(bodies)]);
  }
  expect(listed).toEqual(measured);
});
