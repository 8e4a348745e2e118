/**
 * A Python process that lives as long as its thread and answers one request after another. It is started by the first request, and again
 * by the next one after it has ended: killed for its time or memory, or by the plug-in itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "../../fs-errors.ts";
import { type Logger, silentLogger } from "../../log.ts";
import { LineForwarder } from "../line-forwarder.ts";
import { watchMemory } from "../resident-memory.ts";
import { HOST_SCRIPT } from "./host-script.ts";

/** Output that comes after the answer is waited for so long. */
const OUTPUT_MS = 1000;

export interface PythonRequest {
  readonly logger?: Logger;
  readonly signal?: AbortSignal | undefined;
  /** Seconds and resident bytes; 0 = no limit. */
  readonly timeout?: number;
  readonly memory?: number;
}

/** What became of a request. */
export type PythonOutcome =
  | { readonly kind: "answered"; readonly answer: PythonAnswer }
  | { readonly kind: "timeout" | "aborted" }
  | { readonly kind: "memory"; readonly found: number }
  | { readonly kind: "not-started"; readonly reason: string }
  | { readonly kind: "ended"; readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly tail: string[] };

export interface PythonAnswer {
  readonly id: number;
  /** What is wrong; absent when all went well. */
  readonly refused?: "python" | "missing" | "call" | "result" | "room" | "failed" | "memory";
  readonly text?: string;
  readonly result?: { readonly dtype: "uint8" | "float32" | "uint32"; readonly shape: readonly number[] } | null;
}

interface Running {
  readonly child: ChildProcess;
  readonly output: readonly [LineForwarder, LineForwarder];
  readonly answers: LineForwarder;
}

export class PythonProcess {
  readonly #python: string;
  #running: Running | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #requests = 0;

  /** @param python command or path of the interpreter. */
  constructor(python: string) {
    this.#python = python;
  }

  /** Requests wait for each other. Never throws: the outcome says what happened. */
  ask(body: Readonly<Record<string, unknown>>, options: PythonRequest = {}): Promise<PythonOutcome> {
    const next = this.#last.then(() => this.#ask(body, options));
    this.#last = next.catch(() => {});
    return next;
  }

  /** Ends the process. */
  close(): void {
    if (this.#running !== null) this.#kill(this.#running);
  }

  async #ask(body: Readonly<Record<string, unknown>>, options: PythonRequest): Promise<PythonOutcome> {
    const { logger = silentLogger, signal, timeout = 0, memory = 0 } = options;
    if (signal?.aborted) return { kind: "aborted" };
    try {
      this.#running ??= this.#start();
    } catch (error) {
      return { kind: "not-started", reason: reasonOf(error) };
    }
    const running = this.#running;
    const { child, output, answers } = running;
    const id = ++this.#requests;
    const end = `end-${randomUUID()}`;
    hold(child, true);
    for (const lines of output) lines.begin((line) => logger.info(line));
    const printed = Promise.all(output.map((lines) => lines.until(end)));
    return await new Promise<PythonOutcome>((resolve) => {
      let settled = false;
      const settle = async (outcome: PythonOutcome) => {
        if (settled) return; // a reading of memory, or the exit, may come late
        settled = true;
        clearTimeout(timer);
        clearInterval(watch);
        signal?.removeEventListener("abort", onAbort);
        child.off("error", onError).off("exit", onExit);
        answers.begin(() => {});
        if (outcome.kind === "answered") await Promise.race([printed, sleep(OUTPUT_MS)]);
        else this.#kill(running);
        hold(child, false);
        resolve(outcome);
      };
      const onAbort = () => void settle({ kind: "aborted" });
      const onError = (error: Error) => void settle({ kind: "not-started", reason: error.message });
      const onExit = async (code: number | null, killedBy: NodeJS.Signals | null) => {
        await Promise.race([printed, sleep(OUTPUT_MS)]);
        void settle({ kind: "ended", code, signal: killedBy, tail: output.flatMap((lines) => lines.tail()) });
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      child.on("error", onError).on("exit", onExit);
      const timer = timeout > 0 ? setTimeout(() => void settle({ kind: "timeout" }), timeout * 1000) : undefined;
      const watch = memory > 0 ? watchMemory(child, memory, (found) => void settle({ kind: "memory", found })) : undefined;
      answers.begin((line) => {
        const answer = JSON.parse(line) as PythonAnswer;
        if (answer.id === id) void settle({ kind: "answered", answer });
      });
      child.stdin!.write(`${JSON.stringify({ ...body, id, end })}\n`);
    });
  }

  #start(): Running {
    const child = spawn(this.#python, ["-u", "-c", HOST_SCRIPT], {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true, // a group of its own, which is ended as a whole
      env: { ...process.env, PYTHONIOENCODING: "utf-8" },
    });
    child.on("error", () => {}); // a request listens, too; this one is there before it
    if (!child.stdin) throw new Error("there are no free file descriptors for its pipes");
    child.stdin.on("error", () => {}); // it has ended; its exit says so
    const answers = new LineForwarder(child.stdio[3] as Readable, Number.POSITIVE_INFINITY);
    const output = [new LineForwarder(child.stdout!), new LineForwarder(child.stderr!)] as const;
    const running = { child, output, answers };
    const forget = () => {
      if (this.#running === running) this.#running = null;
    };
    child.on("exit", forget).on("error", forget);
    return running;
  }

  #kill(running: Running): void {
    const { child } = running;
    if (this.#running === running) this.#running = null;
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL"); // also what it has started, when it has ended itself
    } catch {
      child.kill("SIGKILL"); // not a leader of a group yet, or no groups here
    }
  }
}

/** Whether the process and its pipes keep this one alive: only while a request runs. */
function hold(child: ChildProcess, on: boolean): void {
  const method = on ? "ref" : "unref";
  child[method]();
  for (const stream of child.stdio) (stream as (Readable | Writable) & { ref?(): void; unref?(): void })?.[method]?.();
}
