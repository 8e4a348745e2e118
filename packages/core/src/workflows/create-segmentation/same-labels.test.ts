/** What a run does with rows that come out differently when they are made again: no label gets a body that was decided for another one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytesFingerprint, packLabels } from "../../checkpoint/index.ts";
import type { TaskContext } from "../../engine/types.ts";
import { silentLogger } from "../../log.ts";
import { withLabels } from "./same-labels.ts";
import type { SegmentedRow } from "./segment-stage.ts";
import { cutFaces } from "./stitch-stages.ts";
import { relabelAndWrite } from "./write-stage.ts";

const BOX = { start: [0, 0, 0], stop: [2, 2, 2] } as const;
const subvolume = { id: 4, core: BOX, bordered: BOX };
const task = { subvolume, roi: { kind: "whole" }, labels: { key: "l", fingerprint: "" }, predictions: null } as never;
const done = (labels: readonly number[]): SegmentedRow => {
  const packed = packLabels(Uint32Array.from(labels), [2, 2, 2]);
  const row = {
    task,
    segments: Math.max(...labels),
    restored: false,
    bytes: packed.length,
    hash: bytesFingerprint(packed),
    packed,
  };
  return { status: "done", ...row } as SegmentedRow;
};
const FIRST = done([1, 1, 1, 1, 2, 2, 2, 2]);
const OTHER = done([1, 1, 1, 1, 2, 2, 2, 3]);
const GAP: SegmentedRow = { status: "quarantined", task, error: { name: "Error", message: "its worker ended" } as never };
const hash = (row: SegmentedRow) => (row.status === "done" ? row.hash : "");

test("the labels that were counted are used, a gap stays a gap", () => {
  expect(withLabels(FIRST, hash(FIRST))).toBe(FIRST);
  expect(withLabels(GAP, "")).toBeNull();
  expect(withLabels(FIRST, "")).toBeNull();
});

test("other labels, or none, end the run before a face is counted or a voxel written", async () => {
  const runFolder = mkdtempSync(join(tmpdir(), "axonloom-same-"));
  onTestFinished(() => rmSync(runFolder, { recursive: true }));
  const changed = (message: RegExp) => ({
    code: "E_LABELS_CHANGED",
    message: expect.stringMatching(message),
    fields: { subvolume: 4 },
  });
  const faces = [{ face: { a: 3, b: 4, box: BOX }, evidence: { key: "e", fingerprint: "" }, labels: ["3", hash(FIRST)] }] as never;
  await expect(cutFaces({ left: [OTHER], right: [faces] }, { runFolder })).rejects.toMatchObject(changed(/found others/));
  await expect(cutFaces({ left: [FIRST], right: [faces] }, { runFolder })).resolves.toHaveLength(1);
  const written = { written: { key: "w", fingerprint: "" }, labels: hash(FIRST), offset: 0 };
  const mapping = { members: new Uint32Array(0), roots: new Float64Array(0) } as never;
  const params = { runFolder, outputBounds: BOX, bounds: BOX, preserved: null, labelOffset: 0n, segments: 2, gaps: [], output: "" };
  const context = { logger: silentLogger } as unknown as TaskContext;
  const write = (row: SegmentedRow) => relabelAndWrite({ left: [row], right: [{ ...written, mapping }] }, params, context);
  await expect(write(OTHER)).rejects.toMatchObject(changed(/found others/));
  await expect(write(GAP)).rejects.toMatchObject(changed(/found none \(its worker ended\)/));
});
