/** The stand-in answers as the recorded server did, and keeps the contract that a live server is held to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CAPABILITIES, isRecorded, tallyOf } from "./dvid-capabilities.ts";
import { contractSuite, withoutLogStore } from "./dvid-contract.suite.ts";
import { entries, golden, haveRecordings, recordedCalls } from "./dvid-recordings.ts";
import { EXCEPTIONS, prepare, replaySuite } from "./dvid-replay.suite.ts";
import { decodeBlock, encodeBlock, voxelsOf } from "./fake-dvid/codec/block.ts";
import { compressLz4, decompressLz4 } from "./fake-dvid/codec/lz4.ts";
import { type FakeDvid, startFakeDvid } from "./fake-dvid/index.ts";
import { SPEC_ONLY } from "./fake-dvid/spec-only.ts";

const { proves } = tallyOf("stand-in", "standin", () => "this repository");

describe.skipIf(!haveRecordings)("the stand-in's codec", () => {
  const labels = (name: string) => new BigUint64Array(Uint8Array.from(golden(name)).buffer);
  const same = (a: BigUint64Array, b: BigUint64Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
  const blocks = entries().flatMap((entry) => /^block_(\w+)\.(client|server)\.dvidblock/.exec(entry.file ?? "")?.slice(0, 2) ?? []);
  const names = blocks.filter((_, i) => i % 2 === 1);

  test.each(names.map((name, i) => [blocks[2 * i]!, name]))("decodes %s", (file, name) => {
    const recorded = entries().find((entry) => entry.file?.startsWith(file) === true)!.file!;
    expect(same(voxelsOf(decodeBlock(golden(recorded))), labels(`block_${name}.u64.gz`))).toBe(true);
  });

  test.each([...new Set(names)])("encodes %s as it decodes it", (name) => {
    const voxels = labels(`block_${name}.u64.gz`);
    expect(same(voxelsOf(decodeBlock(encodeBlock(voxels, [64, 64, 64]))), voxels)).toBe(true);
  });

  test("raw lz4, both ways", () => {
    const plain = golden("block_cells.u64.gz");
    expect(Buffer.from(decompressLz4(compressLz4(plain), plain.length)).equals(plain)).toBe(true);
    const request = decompressLz4(golden("post_raw_lz4.request.bin.gz"), 8 * 128 * 64 * 64);
    expect(new BigUint64Array(request.buffer).subarray(64, 128)).toEqual(labels("block_cells.u64.gz").subarray(0, 64));
  });
});

describe.skipIf(!haveRecordings)("replay against the stand-in", () => {
  let dvid: FakeDvid;
  beforeAll(async () => {
    dvid = await startFakeDvid();
    await prepare(dvid.url, dvid.admin);
  });
  afterAll(() => dvid.stop());

  replaySuite("stand-in", () => dvid, proves);

  test("every exception has a call", () => {
    for (const { when } of EXCEPTIONS) expect(recordedCalls().some(when)).toBe(true);
  });

  test("every recorded answer without a call is one of the compared forms", () => {
    const loose = entries().filter((entry) => entry.method === undefined && entry.file?.includes(".response.") === true);
    expect(loose.map((entry) => entry.file)).toEqual(["get_blocks_16_uncompressed.response.bin.gz"]);
  });
});

describe("the server's contract: the stand-in", () => {
  let dvid: FakeDvid;
  beforeAll(async () => {
    dvid = await startFakeDvid();
  });
  afterAll(() => dvid.stop());

  contractSuite("stand-in", () => dvid, proves);

  proves("log-store", "a labelmap is refused where the server has none", async () => {
    const bare = await startFakeDvid({ logStore: false });
    onTestFinished(() => bare.stop());
    await withoutLogStore(bare);
  });
});

// Not while the page is being written.
test.skipIf(process.env["AXONLOOM_DVID_RESULTS"])("the page of DVID has a row for each capability, and every reason", () => {
  const page = readFileSync(fileURLToPath(new URL("../../../docs/reference/dvid.md", import.meta.url)), "utf8");
  const table = page.slice(page.indexOf("<!-- table"), page.indexOf("<!-- end of table"));
  const rows = [...table.matchAll(/^\| (.*) \| (yes|–) \| (.*) \| (.*) \|$/gm)];
  expect(rows.map((row) => [row[1], row[2]])).toEqual(
    Object.entries(CAPABILITIES).map(([name, text]) => [text, isRecorded(name) ? "yes" : "–"]),
  );
  // A live cell says of which server, and when, or that there was none.
  for (const row of rows) expect(row[4]).toMatch(/^(not run|passed \(\d+\), [\w.-]+, \d{4}-\d\d-\d\d)$/);
  for (const { why } of EXCEPTIONS) expect(page).toContain(why);
});

test("every answer from the specification alone is marked in the stand-in's code", () => {
  const folder = fileURLToPath(new URL("./fake-dvid/", import.meta.url));
  const code = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith("spec-only.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const marked = Object.keys(SPEC_ONLY).filter((name) => code.includes(`specOnly("${name}")`));
  const byType = code.includes("specOnly(this.type)") ? ["labelarray", "labelblk"] : [];
  expect([...marked, ...byType].sort()).toEqual(
    Object.keys(SPEC_ONLY)
      .filter((n) => n !== "versions-inherit")
      .sort(),
  );
});
