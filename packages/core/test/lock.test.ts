import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const CONTENDER = fileURLToPath(new URL("./lock-contender.mjs", import.meta.url));
const dead = JSON.stringify({ pid: 999_999_999, host: hostname(), started: "1" });

let folder: string;
let contenders: ChildProcess[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axonloom-lock-"));
  contenders = Array.from({ length: 4 }, () => fork(CONTENDER));
  await Promise.all(contenders.map((child) => once(child, "message")));
});

afterAll(() => {
  for (const child of contenders) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function ask(message: object): Promise<string[]> {
  return await Promise.all(
    contenders.map(async (child) => {
      const answer = once(child, "message");
      child.send(message);
      return (await answer)[0] as string;
    }),
  );
}

test("of four processes at once exactly one gets the folder, with a dead owner's lock in it or without", async () => {
  for (let round = 0; round < 200; round++) {
    const run = join(folder, String(round));
    mkdirSync(run);
    if (round % 4 !== 0) writeFileSync(join(run, "lock"), dead);
    expect((await ask({ go: run })).sort(), `round ${round}`).toEqual(["E_RUN_LOCKED", "E_RUN_LOCKED", "E_RUN_LOCKED", "got"]);
    await ask({ end: true });
    expect(readdirSync(run)).toEqual([]);
  }
});
