import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { createSegmentation, evaluateSegmentation, loadConfig, openVolume, writePhantom } from "@axonloom/core";
import { command, type CommandContext, endRun } from "../command.ts";
import { formatSeconds } from "../format.ts";
import { neuroglancerLink } from "../neuroglancer.ts";
import { print, say, table } from "../output.ts";
import { openFraction } from "../progress/fraction.ts";
import { openProgress } from "../progress/index.ts";

const SIZE = 256;
const SEED = 1;

const CONFIG = `# The demo's configuration: a start for your own.
input:
  source: precomputed://gray

output:
  destination: precomputed://segmentation

options:
  chunk-size: 128
  border: 20
  stitch-algorithm: medium
`;

export function demoCommand(context: CommandContext) {
  return command(
    "demo",
    "Make a synthetic volume with ground truth, segment it, and compare. Takes about a minute.",
    "demo",
    "demo --folder /tmp/demo",
  )
    .option("--folder <folder>", "where everything goes", "demo-output")
    .action(async (options: { readonly folder: string }) => {
      const folder = resolve(options.folder);
      await mkdir(folder, { recursive: true });
      await makeVolume(folder, context.signal);
      const path = join(folder, "demo.yml");
      if (!existsSync(path)) await writeFile(path, CONFIG);
      const config = await loadConfig(path, { signal: context.signal });
      const progress = openProgress(false);
      try {
        const result = await createSegmentation(config, { signal: context.signal, onEvent: progress.follow });
        progress.close();
        const evaluation = await evaluateSegmentation({ segmentation: result.summary.output, groundTruth: join(folder, "truth") }, context);
        await report(folder, result.summary, evaluation);
        endRun(context, result);
      } finally {
        progress.close();
      }
    });
}
