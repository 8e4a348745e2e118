import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyValueStore } from "../keyvalue/types.ts";
import { type CheckpointName, loadCheckpoint, saveCheckpoint } from "./container.ts";

/** One value in memory. */
function memory(bytes: Uint8Array | null = null): KeyValueStore & { bytes: Uint8Array | null } {
  return {
    location: "memory",
    bytes,
    async get() {
      return this.bytes;
    },
    async put(_key, value) {
      this.bytes = value.slice();
    },
    async delete() {
      this.bytes = null;
    },
    async *list() {},
  };
}

const name: CheckpointName = { key: "labels/one", fingerprint: "f".repeat(64) };
const payload = Uint8Array.from({ length: 50 }, (_, i) => i * 5);

async function saved(): Promise<Uint8Array> {
  const store = memory();
  const written = await saveCheckpoint(store, name, { segments: 7 }, payload);
  expect(written).toBe(store.bytes!.length);
  return store.bytes!;
}

test("the layout is the one that the head comment draws", async () => {
  const bytes = Buffer.from(await saved());
  const header = JSON.stringify({ fingerprint: name.fingerprint, meta: { segments: 7 } });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const body = Buffer.concat([Buffer.from("AXC1"), length, Buffer.from(header), payload]);
  expect(bytes.equals(Buffer.concat([body, createHash("sha256").update(body).digest()]))).toBe(true);
});

test("what is saved is loaded: any meta, any payload, any place in a larger buffer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.uint8Array({ maxLength: 200 }), fc.nat(9), async (meta, data, offset) => {
      const store = memory();
      await saveCheckpoint(store, name, meta, data);
      const around = new Uint8Array(offset + store.bytes!.length + 3);
      around.set(store.bytes!, offset);
      const loaded = await loadCheckpoint(memory(around.subarray(offset, offset + store.bytes!.length)), name);
      expect(loaded).toEqual({ state: "valid", meta: JSON.parse(JSON.stringify(meta)), payload: data });
    }),
  );
});

test("missing and stale are told apart", async () => {
  expect(await loadCheckpoint(memory(), name)).toEqual({ state: "missing" });
  expect(await loadCheckpoint(memory(await saved()), { ...name, fingerprint: "0".repeat(64) })).toEqual({ state: "stale" });
});

test("cut off at every length, and with anything behind: damaged", async () => {
  const bytes = await saved();
  for (let length = 0; length < bytes.length; length++) {
    expect(await loadCheckpoint(memory(bytes.slice(0, length)), name), `${length} bytes`).toMatchObject({ state: "damaged" });
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  expect(await loadCheckpoint(memory(longer), name)).toMatchObject({ state: "damaged" });
});

test("every bit flipped: damaged", async () => {
  const bytes = await saved();
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[i] = flipped[i]! ^ (1 << bit);
      expect(await loadCheckpoint(memory(flipped), name), `byte ${i}, bit ${bit}`).toMatchObject({ state: "damaged" });
    }
  }
});

test("bytes of another kind with a checksum that holds: damaged, with a reason", async () => {
  const sealed = (body: Buffer) => Buffer.concat([body, createHash("sha256").update(body).digest()]);
  const u32 = (n: number) => Buffer.from(Uint32Array.of(n).buffer);
  const cases: [Buffer, string][] = [
    [Buffer.alloc(0), "too few"],
    [Buffer.from("AXC2\0\0\0\0"), "no checkpoint"],
    [Buffer.concat([Buffer.from("AXC1"), u32(9), Buffer.from("{}")]), "no checkpoint"],
    [Buffer.concat([Buffer.from("AXC1"), u32(1), Buffer.from("{")]), "header"],
    [Buffer.concat([Buffer.from("AXC1"), u32(4), Buffer.from("null")]), "header"],
  ];
  for (const [body, reason] of cases) {
    expect(await loadCheckpoint(memory(sealed(body)), name)).toEqual({ state: "damaged", reason: expect.stringContaining(reason) });
  }
});
