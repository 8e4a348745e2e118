/** A segmentation in a process of its own, so that its time and memory are its own too. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CallOptions } from "../../call-options.ts";
import type { Config } from "../../config/index.ts";
import { AxonloomError, fromPlainError, type PlainError } from "../../errors.ts";
import type { RunSummary, StageName } from "../../run/events.ts";

export interface MeasuredRun {
  readonly summary: RunSummary;
  /** Wall clock seconds of each stage. */
  readonly stages: Readonly<Partial<Record<StageName, number>>>;
  /** Wall clock and CPU seconds of the process, its start left out. */
  readonly seconds: number;
  readonly cpu_seconds: number;
  /** Largest resident memory of the process, its workers included. */
  readonly peak_bytes: number;
}

export interface MeasuredRunRequest {
  /** `Config.resolved`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly workers: number;
  readonly fresh: boolean;
}

export type MeasuredRunAnswer = { readonly run: MeasuredRun } | { readonly error: PlainError };

/** Runs it, or goes on from its checkpoints unless `fresh`. Errors are those of {@link createSegmentation}; `E_WORKER_DIED` when the process ends without an answer. */
export async function measureRun(
  config: Config,
  { workers, fresh }: { readonly workers: number; readonly fresh: boolean },
  { signal }: CallOptions = {},
): Promise<MeasuredRun> {
  const program = fileURLToPath(new URL("./measured-run-process.js", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"], ...(signal && { signal }) });
  const request: MeasuredRunRequest = { config: config.resolved, workers, fresh };
  child.stdin.on("error", () => {}); // it ended early: its exit tells
  child.stdin.end(JSON.stringify(request));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const [code] = await once(child, "close");
  const answer = parse(text);
  if (answer === null) {
    throw new AxonloomError(
      "E_WORKER_DIED",
      `the process of a measured run: expected its result, but it ended with ${code ?? "a signal"}; run again`,
      {
        code,
      },
    );
  }
  if ("error" in answer) throw fromPlainError(answer.error);
  return answer.run;
}

function parse(text: string): MeasuredRunAnswer | null {
  try {
    return JSON.parse(text) as MeasuredRunAnswer;
  } catch {
    return null;
  }
}
