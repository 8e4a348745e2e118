/** Runs the built command on volumes made for the test. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const BIN = fileURLToPath(new URL("../bin/axonloom.mjs", import.meta.url));
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function start(args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal!, stdout, stderr }));
  });
  return { child, ended, stderr: () => stderr };
}

/** Runs `axonloom ARGS` in a folder. */
export async function axonloom(args: readonly string[], cwd: string): Promise<Ended> {
  return await start(args, cwd).ended;
}

/** Writes a configuration: `gray.npy` in chunks of 32 with border 8. Keys of `options` and of the top level can be changed. */
export function writeConfig(
  folder: string,
  options: Readonly<Record<string, unknown>> = {},
  rest: Readonly<Record<string, unknown>> = {},
  name = "small.json",
): string {
  const config = {
    input: { source: "gray.npy" },
    output: { destination: "precomputed://segmentation" },
    ...rest,
    options: { "chunk-size": 32, border: 8, ...options },
  };
  writeFileSync(join(folder, name), JSON.stringify(config));
  return name;
}
