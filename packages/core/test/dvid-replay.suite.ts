/**
 * The recorded calls in their order, against any server: after the set-up that they do not hold, each is answered alike or is in
 * {@link EXCEPTIONS}, with a reason. A read is asked again for a while, as indices may be late.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Capability, RecordedGroup } from "./dvid-capabilities.ts";
import { alike, type Recorded, recordedCalls, requestBody } from "./dvid-recordings.ts";
import { callServer } from "./fake-dvid/client.ts";

const ROOT = "abcdef00000000000000000000000001";
const WAIT_MS = 5_000;

/** Calls that a side answers otherwise, and why. */
export const EXCEPTIONS: readonly {
  readonly side: "stand-in" | "live";
  readonly when: (call: Recorded) => boolean;
  readonly why: string;
}[] = [
  {
    side: "stand-in",
    when: (call) => call.path.endsWith("/partition") && call.query["optimized"] === "true",
    why: "the program computes partitions itself; the recorded answer is what its own are compared with",
  },
  {
    side: "stand-in",
    when: (call) => call.path.includes("/sparsevol/") && call.query["minx"]?.startsWith("-") === true,
    why: "the server rounds negative bounds towards zero and so leaves voxels out; the program stays at coordinates from 0 and clips itself",
  },
];

export const exceptionOf = (side: "stand-in" | "live", call: Recorded): string | undefined =>
  EXCEPTIONS.find((exception) => exception.side === side && exception.when(call))?.why;

export function groupOf({ path, method, status, query }: Recorded): RecordedGroup {
  if (status !== undefined && status >= 400) return "refusals";
  if (/\/(commit|newversion|status|branch-versions\/\w+)$/.test(path)) return "repos";
  if (/\/info$/.test(path)) return "info";
  if (/\/roi\//.test(path)) return "roi";
  if (/\/gray\//.test(path)) return "grey";
  if (/\/sparsevol/.test(path)) return "sparse";
  if (/\/(merge|cleave\/\d+)$/.test(path) || (query["supervoxels"] === "true" && path.includes("/seg16/"))) return "merge-cleave";
  if (/\/(index\/\d+|indices)$/.test(path)) return "indices";
  if (/blocks/.test(path)) return method === "POST" ? "blocks-post" : "blocks-get";
  if (/\/raw\//.test(path)) return "raw-labels";
  return /\/(labels?|label\/.*|maxlabel|nextlabel|listlabels)$/.test(path) ? "labels" : "bodies";
}

/** Repository and instances, in the order of the recorded log. */
export async function prepare(url: string, admin: string): Promise<void> {
  const instance = (config: Record<string, string>) => [`/api/repo/${ROOT}/instance`, config, {}] as const;
  const voxels = { VoxelSize: "8.0,8.0,8.0" };
  const steps = [
    ["/api/repos", { alias: "golden", description: "golden", root: ROOT }, { admintoken: admin }] as const,
    instance({ typename: "labelmap", dataname: "seg16", BlockSize: "16,16,16", Compression: "gzip", ...voxels }),
    instance({
      typename: "labelmap",
      dataname: "seg64",
      BlockSize: "64,64,64",
      Compression: "gzip",
      MaxDownresLevel: "2",
      ...voxels,
    }),
    instance({ typename: "uint8blk", dataname: "gray", BlockSize: "32,32,32", ...voxels }),
    instance({ typename: "roi", dataname: "roi" }),
  ];
  for (const [path, config, query] of steps) {
    const reply = await callServer(url, "POST", path, query, JSON.stringify(config));
    expect(reply, path).toMatchObject({ status: 200 });
  }
}

/** One test a call, in order. */
export function replaySuite(
  side: "stand-in" | "live",
  server: () => { readonly url: string },
  proves: (capability: Capability, name: string, body: () => Promise<void>) => void,
): void {
  for (const [i, call] of recordedCalls().entries()) {
    if (exceptionOf(side, call) !== undefined) continue;
    const query = new URLSearchParams(call.query).toString();
    const path = call.path.replace("/api/", "").replace(ROOT, "…");
    proves(groupOf(call), `${i} ${call.method} ${path}${query === "" ? "" : `?${query}`}`, async () => {
      for (const until = Date.now() + WAIT_MS; ; await sleep(20)) {
        const reply = await callServer(server().url, call.method, call.path, call.query, requestBody(call));
        const { found, expected } = alike(call, reply);
        if (JSON.stringify(found) !== JSON.stringify(expected) && call.method === "GET" && Date.now() < until) continue;
        expect(found).toEqual(expected);
        return;
      }
    });
  }
}
