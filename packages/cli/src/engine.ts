/** `--engine`: where the work runs. */
import { type EngineFactory, sparkEngineFactory } from "@axonloom/core";
import { type Command, InvalidArgumentError } from "commander";
import { type ResourceOptions, resources } from "./command.ts";

export type EngineChoice =
  | { readonly kind: "local" }
  /** A server of our own on this machine; `workers` null: as many tasks at once as fit. */
  | { readonly kind: "spark-local"; readonly workers: number | null }
  | { readonly kind: "connect"; readonly url: string };

export interface EngineOptions extends ResourceOptions {
  readonly engine?: EngineChoice;
  readonly nodePath?: string;
  readonly sparkHeap?: string;
}

export function withEngine(target: Command): Command {
  return target
    .option("--engine <engine>", "local (default), spark-local[N], or sc://host:port of a Spark Connect server", engineChoice)
    .option("--node-path <path>", "with Spark: Node.js on its executors; by default node on their PATH")
    .option("--spark-heap <size>", "with spark-local: heap of the server, as in 4g (the default)", heapSize);
}

export function engineChoice(text: string): EngineChoice {
  if (text === "local") return { kind: "local" };
  if (text.startsWith("sc://")) return { kind: "connect", url: text };
  const match = /^spark-local(?:\[(\*|[1-9]\d{0,3})\])?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("Expected local, spark-local, spark-local[N] or sc://host:port.");
  return { kind: "spark-local", workers: match[1] === undefined || match[1] === "*" ? null : Number(match[1]) };
}

/** The factory that a run takes; null: the local engine. */
export function engineOf(options: EngineOptions, coresPerTask: number): EngineFactory | null {
  const { engine = { kind: "local" }, nodePath, sparkHeap } = options;
  const node = nodePath === undefined ? {} : { nodePath };
  if (engine.kind === "local") return null;
  if (engine.kind === "connect") return sparkEngineFactory({ url: engine.url, ...node });
  return sparkEngineFactory({
    coresPerTask,
    ...resources(options),
    ...(engine.workers !== null && { workers: engine.workers }),
    ...(sparkHeap !== undefined && { heap: sparkHeap }),
    ...node,
  });
}

function heapSize(text: string): string {
  if (/^[1-9]\d*[mg]$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("Expected a size as Java writes it, as in 4g or 3000m.");
}
