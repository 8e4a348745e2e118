/** One run in its own process: `pipeline-run.mjs CONFIGURATION(JSON) FOLDER WORKERS`. Prints a line of JSON. */
import { createSegmentation, parseConfig } from "@axonloom/core";
import { peakBytes } from "./memory.mjs";

const [text, folder, workers] = process.argv.slice(2);
const config = parseConfig(JSON.parse(text), { baseFolder: folder });
const wall = performance.now();
const stages = {};
const peaks = {}; // up to the end of each stage; what comes after the last one is the digest
const { summary } = await createSegmentation(config, {
  workers: Number(workers),
  onEvent: (event) => {
    if (event.event !== "stage-finished") return;
    stages[event.stage] = event.seconds;
    peaks[event.stage] = peakBytes();
  },
});
const seconds = (performance.now() - wall) / 1000;
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ summary, stages, seconds, cpu_s: (user + system) / 1e6, peak_bytes: peakBytes(), peaks }));
