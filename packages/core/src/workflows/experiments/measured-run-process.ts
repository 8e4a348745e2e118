/** The program of {@link measureRun}: a request as JSON on stdin, the answer as JSON on stdout. */
import { text } from "node:stream/consumers";
import { parseConfig } from "../../config/index.ts";
import { toPlainError } from "../../errors.ts";
import type { StageName } from "../../run/events.ts";
import { createSegmentation } from "../create-segmentation/index.ts";
import { requireComplete } from "./complete.ts";
import type { MeasuredRun, MeasuredRunAnswer, MeasuredRunRequest } from "./measured-run.ts";

/** Linux and macOS count maxRSS in kilobytes (Node.js says so for all). */
const KILOBYTE = 1024;

async function measure({ config, workers, fresh }: MeasuredRunRequest): Promise<MeasuredRun> {
  const stages: Partial<Record<StageName, number>> = {};
  const cpu = process.cpuUsage();
  const began = performance.now();
  const { summary } = await createSegmentation(parseConfig(config, { baseFolder: process.cwd() }), {
    workers,
    fresh,
    onEvent(event) {
      if (event.event === "stage-finished") stages[event.stage] = event.seconds;
    },
  });
  const seconds = (performance.now() - began) / 1000;
  requireComplete(summary);
  const { user, system } = process.cpuUsage(cpu);
  return { summary, stages, seconds, cpu_seconds: (user + system) / 1e6, peak_bytes: process.resourceUsage().maxRSS * KILOBYTE };
}

let answer: MeasuredRunAnswer;
try {
  answer = { run: await measure(JSON.parse(await text(process.stdin)) as MeasuredRunRequest) };
} catch (error) {
  answer = { error: toPlainError(error) };
}
process.stdout.write(JSON.stringify(answer));
