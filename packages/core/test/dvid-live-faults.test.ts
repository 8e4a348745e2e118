/** Runs into a real server (AXONLOOM_DVID) that is killed and started again, and runs that are killed themselves: the result is whole. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { tallyOf } from "./dvid-capabilities.ts";
import { expectWhole, newRepo } from "./dvid-look.ts";
import { type DvidServer, dvidAvailable, startDvid } from "./dvid-server.ts";
import { configOf, runSmall, smallConfig, smallVolumeIn } from "./fixtures.ts";

const SCRIPT = fileURLToPath(new URL("./run-config.mjs", import.meta.url));
const SHAPE = [96, 96, 96] as const;
const OPTIONS = { "chunk-size": 64, border: 8 };

/** A stage, and after how much of it. */
type Moment = readonly [stage: string, done: number];
const MOMENTS: readonly Moment[] = [
  ["write", 1],
  ["write", 4],
  ["index", 0],
];

describe.skipIf(!dvidAvailable)("runs and a live DVID server, killed", () => {
  let dvid: DvidServer;
  let folder: string;
  let remove: () => void;
  let digest: string;
  const { proves } = tallyOf("live", "faults", () => dvid.version);
  beforeAll(async () => {
    dvid = await startDvid();
    ({ folder, remove } = smallVolumeIn());
    ({ digest } = (await runSmall(configOf(folder, OPTIONS))).summary);
  }, 180_000);
  afterAll(async () => {
    await dvid?.stop();
    remove?.();
  });

  const into = (root: string) => ({ output: { destination: `dvid://${dvid.host}/${root}/seg` } });
  async function finish(root: string): Promise<void> {
    const { summary } = await runSmall(configOf(folder, OPTIONS, into(root)));
    expect(summary).toMatchObject({ status: "complete", digest });
    await expectWhole(dvid, `node/${root}/seg`, SHAPE);
  }
  const at = ([stage, done]: Moment, event: { event: string; stage?: string; done?: number }) =>
    event.stage === stage && (done === 0 ? event.event === "stage-started" : event.event === "progress" && event.done === done);

  proves("run-faults", "the server is killed during writes, and during the index, and started again", async () => {
    const root = await newRepo(dvid);
    const kills: Promise<void>[] = [];
    const run = runSmall(configOf(folder, OPTIONS, into(root)), {
      onEvent: (event) => {
        if (!MOMENTS.some((moment) => at(moment, event))) return;
        const before = kills.at(-1) ?? Promise.resolve();
        kills.push(
          before.then(async () => {
            await dvid.kill();
            await sleep(300);
            await dvid.restart();
          }),
        );
      },
    });
    try {
      expect((await run).summary).toMatchObject({ status: "complete", digest });
    } finally {
      // A server that is still to be started would outlive the test.
      await Promise.allSettled(kills);
    }
    expect(kills.length).toBe(MOMENTS.length);
    await expectWhole(dvid, `node/${root}/seg`, SHAPE);
  });

  proves("run-faults", "our own process is killed during writes, and during the index", async () => {
    const root = await newRepo(dvid);
    const file = join(folder, "killed.json");
    writeFileSync(file, JSON.stringify(smallConfig(folder, OPTIONS, into(root))));
    for (const moment of MOMENTS) {
      const child = spawn(process.execPath, [SCRIPT, file], { stdio: ["ignore", "pipe", "ignore"] });
      let seen = "";
      child.stdout.on("data", (text: Buffer) => {
        seen += text;
        if (seen.split("\n").some((line) => line.endsWith("}") && at(moment, JSON.parse(line)))) child.kill("SIGKILL");
      });
      const signal = await new Promise((resolve) => child.once("close", (_, name) => resolve(name)));
      expect(signal, `${moment}`).toBe("SIGKILL");
    }
    await finish(root);
  });
});
