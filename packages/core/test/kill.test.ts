import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/** Finished subvolumes: name of the labels' file and what changes when it is written anew. */
function labelsIn(run: string): Map<string, string> {
  const folder = join(run, "labels");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
  return new Map(
    names.map((name) => {
      const { ino, mtimeMs } = statSync(join(folder, name));
      return [name, `${ino} ${mtimeMs}`];
    }),
  );
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
  let kept = labelsIn(join(folder, "run"));
  let restored = 0;
  let kills = 0;
  // A fixed sequence of moments spread over the run, so that a failure can be repeated. A run that ends before its kill starts anew.
  for (let k = 0; kills < 10 && k < 30; k++) {
    const moment = (k * 0.618 + 0.2) % 1;
    const { killed } = await runAndKill(file, 2 + Math.floor(moment * (whole.events.length - 6)), (k * 7) % 30);
    // Every subvolume that was finished before is still the same file: none was lost, none was computed and written again.
    const now = labelsIn(join(folder, "run"));
    for (const [name, written] of kept) expect(now.get(name)).toBe(written);
    restored = Math.max(restored, kept.size);
    kept = now;
    // What lies under the final name is whole, or there is nothing.
    if (existsSync(final)) expect((await digestVolume(output.destination)).digest).toBe(expected.digest);
    if (killed) {
      kills += 1;
    } else {
      rmSync(join(folder, "run"), { recursive: true });
      rmSync(join(folder, "segmentation"), { recursive: true });
      kept = new Map();
    }
  }
  expect(kills).toBe(10);
  expect(restored).toBeGreaterThan(0);
  const next = await runAndKill(file, Number.POSITIVE_INFINITY, 0);
  expect(next.events.at(-1)).toMatchObject({ event: "finished", digest: expected.digest, restored: kept.size });
  const last = await runAndKill(file, Number.POSITIVE_INFINITY, 0);
  expect(last.events.at(-1)).toMatchObject({ event: "finished", digest: expected.digest, bodies: expected.bodies, restored: 27 });
}, 300_000);
