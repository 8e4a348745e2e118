import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import {
  createSegmentation,
  type Evaluation,
  evaluateVolumes,
  loadConfig,
  neuroglancerLink,
  openVolume,
  type RunSummary,
  writePhantom,
} from "@axonloom/core";
import { type CommandContext, command, endRun } from "../command.ts";
import { formatCount, formatNumber, formatRate, formatSeconds } from "../format.ts";

import { print, say, table } from "../output.ts";
import { openFraction } from "../progress/fraction.ts";
import { openProgress } from "../progress/index.ts";

const SIZE = 256;
const SEED = 1;
/** Where the page on Neuroglancer lets a server listen. */
const SERVER = "http://127.0.0.1:9100";

const CONFIG = `# The configuration of the demo: a start for your own.
input:
  source: precomputed://gray

output:
  destination: precomputed://segmentation

options:
  chunk-size: 128
  border: 20
  stitch-algorithm: medium
  segmentor:
    configuration:
      predict-voxels:
        function: naive_membrane_predictions
        parameters: { range: [40, 190] } # darkest and brightest grey of the volume
      create-supervoxels:
        function: seeded_watershed
        parameters: { seed_threshold: 0.3, seed_size: 200 }
      agglomerate-supervoxels:
        function: noop_agglomeration
`;

export function demoCommand(context: CommandContext) {
  return command(
    "demo",
    "Make a synthetic volume with its ground truth, segment it, and compare. Takes about a minute; a second call goes on.",
    "demo",
    "demo --folder /tmp/demo",
  )
    .option("--folder <folder>", "where everything goes", "demo-output")
    .action(async (options: { readonly folder: string }) => {
      const { signal } = context;
      const folder = resolve(options.folder);
      await mkdir(folder, { recursive: true });
      const [gray, truth] = [join(folder, "gray"), join(folder, "truth")];
      await makeVolume(gray, truth, signal);
      const path = join(folder, "demo.yml");
      if (!existsSync(path)) await writeFile(path, CONFIG);
      const config = await loadConfig(path, { signal });
      const progress = openProgress(false);
      try {
        const result = await createSegmentation(config, { signal, onEvent: progress.follow });
        progress.close();
        const evaluation = await evaluateVolumes({ segmentation: result.summary.output, groundTruth: truth }, { signal });
        print(resultTable(result.summary, evaluation));
        print(await whatNext(folder, result.summary, gray));
        endRun(context, result);
      } finally {
        progress.close();
      }
    });
}

/** Keeps what an earlier demo has made. */
async function makeVolume(gray: string, truth: string, signal: AbortSignal): Promise<void> {
  if (existsSync(gray) && existsSync(truth)) return;
  for (const half of [gray, truth]) await rm(half, { recursive: true, force: true }); // interrupted between the two
  say(`phantom: ${SIZE} × ${SIZE} × ${SIZE} voxels, seed ${SEED}`);
  const progress = openFraction("phantom");
  try {
    const request = { size: [SIZE, SIZE, SIZE] as const, seed: SEED, grayDestination: gray, truthDestination: truth };
    await writePhantom(request, { signal, onProgress: progress.show });
  } finally {
    progress.close();
  }
}

function resultTable(summary: RunSummary, { vi, merge_vi, split_vi }: Evaluation): string {
  const rate = formatRate(summary.voxels, summary.seconds);
  return table([
    ["bodies", `${formatCount(summary.bodies)} in ${formatNumber(summary.subvolumes, "subvolume")}`],
    ["time", `${formatSeconds(summary.seconds)} (${rate}), ${summary.restored} subvolumes from checkpoints`],
    ["VI", `${vi.toFixed(4)} bits = merge ${merge_vi.toFixed(4)} + split ${split_vi.toFixed(4)} (0 is perfect)`],
    ["digest", summary.digest],
  ]);
}

async function whatNext(folder: string, summary: RunSummary, gray: string): Promise<string> {
  const { bounds, voxelSizeNm } = await (await openVolume(gray)).info();
  const layers = [
    { type: "image", name: "gray", url: `${SERVER}/gray` },
    { type: "segmentation", name: "segmentation", url: `${SERVER}/segmentation` },
    { type: "segmentation", name: "truth", url: `${SERVER}/truth` },
  ] as const;
  const here = relative(process.cwd(), folder) || ".";
  return `
The result is ${summary.output}

To look at it in Neuroglancer, serve ${here} as docs/how-to/view-in-neuroglancer.md says, and open
${neuroglancerLink(layers, bounds, voxelSizeNm)}

To go on with your own data, copy ${join(here, "demo.yml")}, name your volume under input.source, and
  npx axonloom plan my-volume.yml
  npx axonloom run my-volume.yml
docs/how-to/own-data.md tells more.`;
}
