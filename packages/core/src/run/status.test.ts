import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openKeyValue } from "../keyvalue/index.ts";
import { lockRunFolder } from "./lock.ts";
import { StateKeeper } from "./state.ts";
import { readRunStatus } from "./status.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("running while the folder is locked, stopped when it is not, else what the run said at its end", async () => {
  const folder = temporaryFolder();
  const lock = await lockRunFolder(folder);
  const state = new StateKeeper(openKeyValue(folder));
  state.follow({ event: "stage-started", stage: "stitch", total: 54 });
  await state.end("running", null);
  expect(await readRunStatus(folder)).toMatchObject({
    "run-folder": folder,
    status: "running",
    working: true,
    stage: "stitch",
    done: 0,
    total: 54,
    summary: null,
    certificate: null,
  });
  await lock.release();
  expect(await readRunStatus(folder)).toMatchObject({ status: "stopped", working: false, stage: "stitch" });
  await state.end("failed", "no luck");
  expect(await readRunStatus(folder)).toMatchObject({ status: "failed", working: false, error: "no luck" });
});

test("a folder that is not there, and one without a whole state", async () => {
  const folder = temporaryFolder();
  const refused = { code: "E_RUN_FOLDER", message: expect.stringContaining("check the path") };
  await expect(readRunStatus(join(folder, "none"))).rejects.toMatchObject(refused);
  writeFileSync(join(folder, "state.json"), '{"status": "runn');
  await expect(readRunStatus(folder)).rejects.toMatchObject(refused);
});
