import { join } from "node:path";
import { openVolume } from "@axonloom/core";
import { expect, test } from "vitest";
import { configOf, runSmall, smallVolume, writeNpy } from "./fixtures.ts";

const BOX = { start: [0, 0, 0], stop: [96, 96, 96] } as const;

async function labelsOf(source: string): Promise<BigUint64Array> {
  return (await (await openVolume(source)).read(BOX)).data as BigUint64Array;
}

test("preserved bodies: bit-identical, ids above 2^32, no collision, no match", async () => {
  const folder = smallVolume();
  const first = await runSmall(configOf(folder));
  const before = await labelsOf(first.summary.output);
  const sizes = new Map<bigint, number>();
  for (const id of before) sizes.set(id, (sizes.get(id) ?? 0) + 1);
  sizes.delete(0n);
  const largest = [...sizes].sort((a, b) => b[1] - a[1]).map(([id]) => id);
  // Proofread ids: two small numbers that new bodies would get as well, two that need 64 bit; one body of two parts.
  const renamed = new Map([
    [largest[0]!, 3n],
    [largest[1]!, 12n],
    [largest[2]!, 2n ** 63n + 12345n],
    [largest[3]!, 2n ** 40n + 1n],
    [largest[4]!, 2n ** 40n + 1n],
  ]);
  const kept = new Set(renamed.values());
  const old = before.map((id) => renamed.get(id) ?? (id === 0n ? 0n : 1_000_000n + id));
  writeNpy(join(folder, "proofread.npy"), old, [96, 96, 96]);

  const bodies = [3, "12", String(2n ** 63n + 12345n), 2 ** 40 + 1];
  const options = {
    "checkpoint-dir": "second.run",
    segmentor: { configuration: { "preserve-bodies": { source: "proofread.npy", bodies } } },
  };
  for (const algorithm of ["medium", "aggressive"]) {
    const config = configOf(
      folder,
      { ...options, "stitch-algorithm": algorithm },
      { output: { destination: `npy://${algorithm}.npy` } },
    );
    const { summary, certificate } = await runSmall(config);
    const after = await labelsOf(summary.output);
    let preserved = 0;
    let changed = 0;
    let taken = 0;
    const others = new Set<bigint>();
    for (let i = 0; i < after.length; i++) {
      if (kept.has(old[i]!)) {
        preserved += 1;
        if (after[i] !== old[i]) changed += 1;
      } else {
        others.add(after[i]!);
        if (kept.has(after[i]!)) taken += 1;
      }
    }
    expect({ changed, taken }).toEqual({ changed: 0, taken: 0 });
    expect(preserved).toBeGreaterThan(50_000);
    expect(certificate["voxels-preserved-verified"]).toBe(preserved);
    others.delete(0n);
    expect(summary.bodies).toBe(others.size + kept.size);
  }
});

test("no preserved body in the volume changes nothing but the list of free ids", async () => {
  const folder = smallVolume();
  writeNpy(join(folder, "old.npy"), new BigUint64Array(96 ** 3), [96, 96, 96]);
  const plain = await runSmall(configOf(folder));
  const options = {
    "checkpoint-dir": "b.run",
    segmentor: { configuration: { "preserve-bodies": { source: "old.npy", bodies: ["18446744073709551615"] } } },
  };
  const { summary } = await runSmall(configOf(folder, options, { output: { destination: "npy://b.npy" } }));
  expect(summary.digest).toBe(plain.summary.digest);
});
