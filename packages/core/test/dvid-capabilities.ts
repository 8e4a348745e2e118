/** What of DVID is tested against recordings, the stand-in and a live server: the rows of `docs/reference/dvid.md`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, test } from "vitest";
import { SPEC_ONLY } from "./fake-dvid/spec-only.ts";

/** Groups of recorded calls. */
const RECORDED = {
  repos: "repositories, versions, branches, commit, locked nodes",
  info: "`info` of instances, repositories, server",
  refusals: "error texts, refusals",
  "blocks-post": "`POST blocks`, indexed, with lower levels",
  "blocks-get": "`blocks`, `specificblocks` in each compression, bodies and supervoxels",
  "raw-labels": "`raw` of labels: lz4, compressed segmentation, a single absent block",
  labels: "`label`, `labels`, `maxlabel`, `nextlabel`, `listlabels`",
  bodies: "`size(s)`, `supervoxels`, `supervoxel-sizes`, `mapping(s)`",
  indices: "label indices, read and written",
  "merge-cleave": "`merge`, `cleave`, and the views after them",
  sparse: "sparse volumes: runs, streamed, binary, coarse, bounded, compressed",
  roi: "ROI, mask, point query, partition",
  grey: "grayscale `raw`, `subvolblocks`",
} as const;

/** What only the tests of the server's contract prove. */
const CONTRACT = {
  "blocks-twice": "indexed blocks that are posted twice count twice",
  "raw-late": "the indices of a `raw` POST come after its answer",
  "bad-block": "a block with an index beyond its table ends the server when it is indexed",
  "block-absent": "an absent single block is refused, two blocks are zeros",
  "roi-blocks": "`roi=` compares block numbers unscaled; a refused ROI is left empty",
  random: "random calls to the stand-in and the server are answered alike",
  restart: "a server that was killed and started again has what it acknowledged",
} as const;

/** What the program does with a server. */
const PROGRAM = {
  driver: "the contract that every store keeps, and the client's errors and retries",
  run: "a whole run into a new instance: digest, indices, every level",
  "run-preserved": "a second run in a new version, with preserved bodies",
  "run-faults": "a run through kills, 503s and cut connections",
  "run-proofreading": "`merge`, `cleave`, `sparsevol`, `maxlabel` on what a run has written",
  "how-to": "the commands of the how-to page",
} as const;

const ALL = { ...RECORDED, ...SPEC_ONLY, ...CONTRACT, ...PROGRAM };
export const CAPABILITIES: Readonly<Record<string, string>> = ALL;
export type RecordedGroup = keyof typeof RECORDED;
export type Capability = keyof typeof ALL;
export const isRecorded = (name: string): boolean => name in RECORDED;

export type Side = "stand-in" | "live";

export interface Tally {
  /** A test that counts for a capability. */
  readonly proves: (capability: Capability, name: string, body: () => Promise<void> | void) => void;
  /** Lets all tests of the file, or of the suite in which it is called, count for a capability. */
  readonly provesAll: (capability: Capability) => void;
}

/**
 * Tests that count for capabilities; when AXONLOOM_DVID_RESULTS names a folder, what they found is written there, for the page's table.
 * `version` is the server's, known when the tests have run.
 */
export function tallyOf(side: Side, file: string, version: () => string): Tally {
  const results = new Map<string, { passed: number; failed: number }>();
  const count = (capability: Capability, outcome: "passed" | "failed") => {
    const counts = results.get(capability) ?? { passed: 0, failed: 0 };
    results.set(capability, counts);
    counts[outcome]++;
  };
  afterAll(() => {
    const folder = process.env["AXONLOOM_DVID_RESULTS"];
    if (folder === undefined || folder === "") return;
    mkdirSync(folder, { recursive: true });
    const rows = Object.entries(CAPABILITIES).map(([name, text]) => ({
      name,
      text,
      recorded: isRecorded(name),
      liveOnly: name === "random",
    }));
    const found = {
      side,
      version: version(),
      date: new Date().toISOString().slice(0, 10),
      results: Object.fromEntries(results),
      rows,
    };
    writeFileSync(join(folder, `${side}-${file}.json`), JSON.stringify(found, null, 1));
  });
  return {
    proves(capability, name, body) {
      test(`${capability}: ${name}`, async () => {
        try {
          await body();
        } catch (error) {
          count(capability, "failed");
          throw error;
        }
        count(capability, "passed");
      });
    },
    provesAll(capability) {
      afterEach(({ task }) => count(capability, task.result?.state === "fail" ? "failed" : "passed"));
    },
  };
}
