/** What stays beside the result of a run, in the same version: from what, how and by which program it was made. */

import type { CoverageCertificate, RunSummary } from "../../run/events.ts";
import { openVolume } from "../../store/index.ts";
import { VERSION } from "../../version.ts";
import type { RunContext } from "./context.ts";

export function recordKeyOf(digest: string): string {
  return `run--${digest.slice(0, 16)}`;
}

/**
 * Keeps configuration, counts, digest and sources under {@link recordKeyOf}, where the output keeps records. Repeatable.
 * @param volume where the output lies now.
 */
export async function recordRun(
  { config, signal }: RunContext,
  volume: string,
  { digest, input, output, ...counts }: RunSummary,
  certificate: CoverageCertificate,
): Promise<void> {
  const { bodies } = await openVolume(volume);
  if (bodies === undefined) return;
  const { seconds: _, "run-folder": __, restored: ___, "segmented-again": ____, ...lasting } = counts;
  const record = {
    program: `axonloom ${VERSION}`,
    digest,
    read: input,
    preserved: config.preserveBodies?.source ?? null,
    written: output,
    counts: lasting,
    certificate,
    configuration: config.resolved,
  };
  await bodies.keepRecord(recordKeyOf(digest), JSON.stringify(record, null, 1), { signal });
}
