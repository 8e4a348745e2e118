/**
 * Forests between this program and OpenCV's `cv2.ml`, with a real one: AXONLOOM_PYTHON names an interpreter that has it (below version 5).
 * Absent, these tests skip, visibly.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { trainAgglomeration } from "@axonloom/core";
import { countVotes } from "@axonloom/kernels";
import { afterAll, expect, test } from "vitest";
import { parseOpenCvForest } from "../dist/segment/agglomerate/neuroproof/opencv-forest.js";

const DATA = process.env["AXONLOOM_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const python = process.env["AXONLOOM_PYTHON"] ?? "python3";
const found = spawnSync(python, ["-c", "import cv2, numpy; cv2.ml"], { encoding: "utf8" });
const required = /\bpython\b/.test(process.env["AXONLOOM_REQUIRE"] ?? "");

test.runIf(required)("there is an OpenCV with ml (AXONLOOM_REQUIRE=python)", () => {
  expect(found.status, found.stderr ?? String(found.error)).toBe(0);
});

const run = test.skipIf(found.status !== 0 || !existsSync(join(DATA, "reference-forest")));
const folder = mkdtempSync(join(tmpdir(), "axonloom-opencv-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The 865 rows and labels of gala, for Python as raw bytes. */
function galaRows(): { readonly rows: Float32Array[]; readonly path: string } {
  const csv = gunzipSync(readFileSync(join(DATA, "reference-forest", "gala_train_edges.csv.gz"))).toString();
  const lines = csv.trim().split("\n").slice(1);
  const rows = lines.map((line) => Float32Array.from(line.split(",").slice(2).map(Number)));
  const path = join(folder, "rows.f32");
  writeFileSync(path, Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
  return { rows: rows.map((row) => row.subarray(0, 35)), path };
}

function inPython(program: string, ...parameters: string[]): unknown {
  const head = "import cv2, json, numpy as np, sys\nrows = np.fromfile(sys.argv[1], np.float32).reshape(-1, 36)\n";
  return JSON.parse(execFileSync(python, ["-c", head + program, ...parameters], { encoding: "utf8" }));
}

run("OpenCV opens a trained classifier and gives our votes on all 865 rows", async () => {
  const destination = join(folder, "ours.xml");
  const gala = (name: string) => join(DATA, "gala", `train-${name}.npy.gz`);
  const trained = await trainAgglomeration({
    supervoxels: gala("ws"),
    predictions: [gala("p1")],
    groundTruth: gala("gt"),
    destination,
  });
  expect(trained.rows).toBe(865);
  const { rows, path } = galaRows();
  const forest = parseOpenCvForest(readFileSync(destination), destination);
  const ours = rows.map((row) => countVotes(forest, row));
  const theirs = inPython(
    "votes = cv2.ml.RTrees_load(sys.argv[2]).getVotes(rows[:, :35].copy(), 0)\nprint(json.dumps(votes[1:, 1].tolist()))",
    path,
    destination,
  );
  expect(theirs).toEqual(ours);
  expect(new Set(ours).size).toBeGreaterThan(50);
});

run.each(["xml", "yml", "xml.gz"])("we read what OpenCV writes now, with its votes: .%s", (ending) => {
  const { rows, path } = galaRows();
  const file = join(folder, `theirs.${ending}`);
  const theirs = inPython(
    `forest = cv2.ml.RTrees_create()
forest.setMaxDepth(20); forest.setMinSampleCount(10); forest.setActiveVarCount(5)
forest.setTermCriteria((cv2.TERM_CRITERIA_MAX_ITER, 40, 0))
forest.train(rows[:, :35].copy(), cv2.ml.ROW_SAMPLE, rows[:, 35].astype(np.int32))
forest.save(sys.argv[2])
print(json.dumps(forest.getVotes(rows[:, :35].copy(), 0)[1:, 1].tolist()))`,
    path,
    file,
  );
  const bytes = readFileSync(file);
  const forest = parseOpenCvForest(ending.endsWith("gz") ? gunzipSync(bytes) : bytes, file);
  expect(rows.map((row) => countVotes(forest, row))).toEqual(theirs);
});
