/**
 * Examples in pages of the documentation:
 *   ```sh test           commands, each of which must end with code 0; `axonloom` is the built program
 *   ```js test           a module
 *   ```yaml file=NAME    a file of that name (any language)
 *   <!-- test … -->      commands that prepare the example and are not shown
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { BIN, ROOT, temporaryFolder } from "./harness.ts";

export interface Example {
  readonly kind: "sh" | "js" | "file";
  readonly text: string;
  readonly name: string;
  readonly line: number;
}

export function examplesOf(page: string): Example[] {
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

export interface Workplace {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A folder in which `axonloom` is a command and the packages can be imported. */
export function workplace(): Workplace {
  const folder = temporaryFolder();
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "axonloom"), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`, { mode: 0o755 });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  return { folder, env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` } };
}

/** Runs the examples of a page in a new folder; `env`: variables that the commands see. */
export async function runPage(examples: readonly Example[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const place = workplace();
  for (const example of examples) await runExample(example, { ...place, env: { ...place.env, ...env } });
}

async function runExample({ kind, text, name, line }: Example, { folder, env }: Workplace): Promise<void> {
  if (kind === "file") {
    writeFileSync(join(folder, name), text);
    return;
  }
  const script = join(folder, `example-${line}.mjs`);
  if (kind === "js") writeFileSync(script, text);
  const [command, args] = kind === "sh" ? ["sh", ["-e", "-c", text]] : [process.execPath, [script]];
  const child = spawn(command as string, args as string[], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said += piece;
  });
  const [status] = (await once(child, "close")) as [number | null];
  expect(status, `line ${line}:\n${text}\n${said}`).toBe(0);
}
