import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestVolume, loadConfig, type RunEvent } from "@axonloom/core";
import { expect, test } from "vitest";
import { configOf, runSmall, smallConfig, smallVolume } from "./fixtures.ts";

const SCRIPT = fileURLToPath(new URL("./run-config.mjs", import.meta.url));

interface Outcome {
  readonly events: readonly RunEvent[];
  readonly killed: boolean;
  readonly seconds: number;
}

/** Runs in a process of its own, which gets SIGKILL after some milliseconds. */
function runAndKill(config: string, afterMs: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, [SCRIPT, config], { stdio: ["ignore", "pipe", "inherit"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      const lines = text.split("\n").slice(0, -1);
      resolve({
        events: lines.map((line) => JSON.parse(line)),
        killed: signal === "SIGKILL",
        seconds: (performance.now() - began) / 1000,
      });
    });
  });
}

test("ten kills at any moment: the same digest, and finished subvolumes are not computed again", async () => {
  const expected = (await runSmall(configOf(smallVolume()))).summary;
  const folder = smallVolume();
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(smallConfig(folder)));
  const whole = await runAndKill(file, 120_000);
  expect(whole.killed).toBe(false);

  const again = smallVolume();
  const path = join(again, "config.json");
  writeFileSync(path, JSON.stringify(smallConfig(again)));
  const { output } = await loadConfig(path);
  let kills = 0;
  let restored = 0;
  // A fixed sequence of moments spread over the run, so that a failure can be repeated.
  for (let k = 0; k < 10; k++) {
    const moment = whole.seconds * 1000 * (0.25 + 0.75 * ((k * 0.618) % 1));
    const outcome = await runAndKill(path, moment);
    kills += outcome.killed ? 1 : 0;
    for (const event of outcome.events) if (event.event === "finished") restored = Math.max(restored, event.restored);
    // What lies under the final name is whole, or there is nothing.
    const final = output.destination.replace("precomputed://", "");
    if (existsSync(final)) expect((await digestVolume(output.destination)).digest).toBe(expected.digest);
  }
  expect(kills).toBeGreaterThanOrEqual(3);
  const last = await runAndKill(path, 120_000);
  expect(last.events.at(-1)).toMatchObject({ event: "finished", digest: expected.digest, bodies: expected.bodies, restored: 27 });
}, 300_000);
