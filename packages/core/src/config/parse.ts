/** From what a file holds to a {@link Config}: defaults first, then every check, all problems at once. */
import { basename, dirname, extname, join, resolve } from "node:path";
import { STEP_NAMES } from "../segment/types.ts";
import { parseUserReference } from "../segment/user-module.ts";
import { namesDvid, withDvidNames } from "./dvid-keys.ts";
import { problemsOfIssues } from "./issues.ts";
import { normalise } from "./normalise.ts";
import { checkPlain } from "./plain.ts";
import { brief, configError, formatPath, type Problem, valueAt } from "./problems.ts";
import { configSchema } from "./schema.ts";
import { CONFIGURATION, problemsOfSteps } from "./steps.ts";
import type { Config } from "./types.ts";
import { problemsAcrossKeys } from "./unsupported.ts";

export interface ParseConfigOptions {
  /** Where relative paths start. */
  readonly baseFolder: string;
  /** The file that it comes from: named in errors, and gives the run folder its name. */
  readonly file?: string;
}

/**
 * Checks a configuration and completes it with defaults. @param raw plain JSON in the paper's form.
 * Throws `E_CONFIG_INVALID`, `E_CONFIG_UNSUPPORTED` or `E_PLUGIN_NOT_FOUND`, with all problems in the message and in `fields.problems`.
 */
export function parseConfig(raw: unknown, { baseFolder, file }: ParseConfigOptions): Config {
  const { placeholders, unfit } = checkPlain(raw);
  if (unfit.length > 0) throw configError(unfit, file);
  const { strict: given, extras } = setExtrasAside(raw);
  const { raw: strict, problems: ofDvid } = withDvidNames(given);
  const parsed = configSchema.safeParse(strict);
  const problems: Problem[] = [...placeholders, ...ofDvid, ...problemsAcrossKeys(strict)];
  if (!parsed.success) problems.push(...problemsOfIssues(parsed.error.issues, strict));
  if (extras === null) problems.push(...problemsOfSteps(strict));
  const left = withoutConsequences(problems, strict);
  if (!parsed.success || left.length > 0) throw configError(left, file);
  const folder = resolve(baseFolder);
  const config = normalise(parsed.data, strict, {
    baseFolder: folder,
    runFolder: defaultRunFolder(folder, file),
    extras: extras ?? {},
  });
  if (config.output.destination === config.input.source) {
    const message = `expected another place than input.source, found ${brief(config.input.source)} for both`;
    throw configError([{ path: ["output", "destination"], message, code: "E_CONFIG_INVALID" }], file);
  }
  return config;
}

function defaultRunFolder(baseFolder: string, file: string | undefined): string {
  if (file === undefined) return join(baseFolder, "axonloom.run");
  const path = resolve(file);
  return join(dirname(path), `${basename(path, extname(path))}.run`);
}

/** A segmentor of the user's own may have keys that only it knows: they are not checked. `extras` null = the segmentor is a built-in. */
function setExtrasAside(raw: unknown): { strict: unknown; extras: Readonly<Record<string, unknown>> | null } {
  const name = valueAt(raw, ["options", "segmentor", "class"]);
  if (typeof name !== "string" || parseUserReference(name) === null) return { strict: raw, extras: null };
  const configuration = valueAt(raw, CONFIGURATION);
  if (typeof configuration !== "object" || configuration === null || Array.isArray(configuration))
    return { strict: raw, extras: {} };
  const known = (key: string) => key === "preserve-bodies" || (STEP_NAMES as readonly string[]).includes(key);
  const entries = Object.entries(configuration);
  const { options, ...rest } = raw as { options: { segmentor: object } };
  return {
    strict: {
      ...rest,
      options: {
        ...options,
        segmentor: { ...options.segmentor, configuration: Object.fromEntries(entries.filter(([key]) => known(key))) },
      },
    },
    extras: Object.fromEntries(entries.filter(([key]) => !known(key))),
  };
}

/** One problem a key; what follows from another problem is left out (a missing input where dvid-info should name it, say). */
function withoutConsequences(problems: readonly Problem[], raw: unknown): Problem[] {
  const dvid = namesDvid(raw);
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => {
    if (
      dvid &&
      ["input", "input.source", "output", "output.destination"].includes(formatPath(path)) &&
      message.startsWith("is missing")
    )
      return false;
    const key = formatPath(path);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
