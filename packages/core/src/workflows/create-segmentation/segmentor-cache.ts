/** One segmentor a worker and configuration: models are loaded once, not for every subvolume. */
import { fingerprint } from "../../checkpoint/index.ts";
import { createSegmentor } from "../../segment/segmentor.ts";
import type { Segmentor, SegmentorConfig } from "../../segment/types.ts";

let cached: { readonly key: string; readonly segmentor: Promise<Segmentor> } | null = null;

export function segmentorOf(config: SegmentorConfig): Promise<Segmentor> {
  const key = fingerprint(config);
  if (cached?.key !== key) cached = { key, segmentor: createSegmentor(config) };
  return cached.segmentor;
}
