import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestVolume, loadConfig, type RunEvent } from "@axonloom/core";
import { expect, test } from "vitest";
import { smallConfig, smallVolume } from "./fixtures.ts";

const SCRIPT = fileURLToPath(new URL("./run-config.mjs", import.meta.url));

interface Outcome {
  readonly events: readonly RunEvent[];
  readonly killed: boolean;
}

/** Runs in a process of its own, which gets SIGKILL some milliseconds after its nth event. */
function runAndKill(config: string, afterEvents: number, delayMs: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, config], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
      const before = lines;
      lines = text.split("\n").length - 1;
      if (before < afterEvents && lines >= afterEvents) setTimeout(() => child.kill("SIGKILL"), delayMs);
    });
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      const events = text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as RunEvent);
      resolve({ events, killed: signal === "SIGKILL" });
    });
  });
}

function countedIn(events: readonly RunEvent[]): number {
  return events.filter((event) => event.event === "progress" && event.stage === "segment").length;
}

test("ten kills at any moment: the same digest, and finished subvolumes are not computed again", async () => {
  const folder = smallVolume();
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(smallConfig(folder)));
  const whole = await runAndKill(file, Number.POSITIVE_INFINITY, 0);
  const expected = whole.events.at(-1);
  if (expected?.event !== "finished") throw new Error("the undisturbed run did not finish");
  rmSync(join(folder, "run"), { recursive: true });
  rmSync(join(folder, "segmentation"), { recursive: true });

  const { output } = await loadConfig(file);
  const final = output.destination.replace("precomputed://", "");
  let segmented = 0;
  let kills = 0;
  // A fixed sequence of moments spread over the run, so that a failure can be repeated. A run that ends before its kill starts anew.
  for (let k = 0; kills < 10 && k < 30; k++) {
    const moment = (k * 0.618 + 0.2) % 1;
    const { events, killed } = await runAndKill(file, 2 + Math.floor(moment * (whole.events.length - 6)), (k * 7) % 30);
    segmented = Math.max(segmented, countedIn(events));
    // What lies under the final name is whole, or there is nothing.
    if (existsSync(final)) expect((await digestVolume(output.destination)).digest).toBe(expected.digest);
    if (killed) {
      kills += 1;
    } else {
      rmSync(join(folder, "run"), { recursive: true });
      rmSync(join(folder, "segmentation"), { recursive: true });
    }
  }
  expect(kills).toBe(10);
  expect(segmented).toBe(27);
  await runAndKill(file, Number.POSITIVE_INFINITY, 0);
  const last = await runAndKill(file, Number.POSITIVE_INFINITY, 0);
  expect(last.events.at(-1)).toMatchObject({ event: "finished", digest: expected.digest, bodies: expected.bodies, restored: 27 });
}, 300_000);
