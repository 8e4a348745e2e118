/** What stays beside the result of a run, in the same version: from what, how and by which program it was made. */

import type { CoverageCertificate, RunSummary } from "../../run/events.ts";
import { openVolume } from "../../store/index.ts";
import { VERSION } from "../../version.ts";
import type { RunContext } from "./context.ts";

/** Keeps configuration, counts, digest and sources under `run--<start of the digest>`, where the output keeps records. Repeatable. */
export async function recordRun(
  { config, signal }: RunContext,
  { digest, input, output, ...counts }: RunSummary,
  certificate: CoverageCertificate,
): Promise<void> {
  const { bodies } = await openVolume(output);
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
  await bodies.keepRecord(`run--${digest.slice(0, 16)}`, JSON.stringify(record, null, 1), { signal });
}
