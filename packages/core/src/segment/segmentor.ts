/**
 * Makes the segmentor that a configuration names (`options.segmentor.class`).
 *
 * `Segmentor` (or the original's dotted names of it) runs the four configured steps, `DefaultGrayOnly` the four default ones with
 * their default parameters, and `/path/segmentor.mjs:ClassName` is a user's own class, constructed with the segmentor's configuration.
 */

import { renumber } from "@axonloom/kernels";
import { AxonloomError, isAxonloomError } from "../errors.ts";
import type { Evidence, Match, StitchPolicy } from "../stitch/types.ts";
import { closest } from "../suggest.ts";
import { checkLabels, nameOf } from "./checks.ts";
import { DefaultSegmentor } from "./default-segmentor.ts";
import { defaultSteps } from "./default-steps.ts";
import { andInto, without } from "./masks.ts";
import { pluginFailure } from "./plugin-failure.ts";
import { hashesOfFiles, pluginFingerprint, shortName } from "./plugins.ts";
import { type SegmentInput, type Segmentor, type SegmentorConfig, STEP_NAMES } from "./types.ts";
import { hashOfModule, importUserExport, parseUserReference } from "./user-module.ts";

const KEY = "options.segmentor.class";
const BUILT_IN = ["Segmentor", "DefaultGrayOnly"] as const;

/** The segmentor; its steps are resolved when first used (`checkStep` looks at them before). Throws `E_PLUGIN_NOT_FOUND`. */
export async function createSegmentor(config: SegmentorConfig): Promise<Segmentor> {
  const reference = parseUserReference(config.class);
  if (reference === null) {
    return new DefaultSegmentor(builtInClass(config.class) === "Segmentor" ? config.configuration : defaultSteps());
  }
  const Class = (await importUserExport(reference, KEY)) as unknown as new (configuration: unknown) => Segmentor;
  const segmentor = new Class(config.configuration);
  for (const method of ["segment", "stitch"] as const) {
    if (typeof segmentor[method] !== "function") {
      throw new AxonloomError(
        "E_PLUGIN_NOT_FOUND",
        `${KEY}: expected a class with the methods segment and stitch, but ${config.class} has no method ${method}; add it`,
        {
          key: KEY,
          method,
        },
      );
    }
  }
  return new CheckedSegmentor(config.class, segmentor);
}

/** Plain JSON of all that a segmentation depends on beside its input: class, steps, SHA-256 of users' modules and of files in `depends-on`. */
export async function segmentorFingerprint(config: SegmentorConfig): Promise<Readonly<Record<string, unknown>>> {
  const reference = parseUserReference(config.class);
  if (reference !== null) {
    const sha256 = await hashOfModule(reference, KEY);
    const files = await Promise.all(STEP_NAMES.map((name) => hashesOfFiles(config.configuration[name])));
    return { class: reference.exportName, sha256, configuration: config.configuration, files };
  }
  const configuration = builtInClass(config.class) === "Segmentor" ? config.configuration : defaultSteps();
  const steps = STEP_NAMES.map(async (name) => [name, await pluginFingerprint(configuration[name])] as const);
  return { class: "Segmentor", steps: Object.fromEntries(await Promise.all(steps)) };
}

function builtInClass(name: string): (typeof BUILT_IN)[number] {
  const short = shortName(name);
  const found = BUILT_IN.find((known) => known === short);
  if (found !== undefined) return found;
  if (name.startsWith("DVIDSparkServices.") && /precomputedpipeline/i.test(name)) {
    throw new AxonloomError("E_CONFIG_UNSUPPORTED", `${KEY}: ${name} does not exist here yet; there is Segmentor`, {
      key: KEY,
      class: name,
    });
  }
  const hint = closest(short, BUILT_IN);
  throw new AxonloomError(
    "E_PLUGIN_NOT_FOUND",
    `${KEY}: there is no segmentor ${name}${hint === null ? "" : `; did you mean ${hint}?`} Expected ${BUILT_IN.join(", ")}, or /path/module.mjs:ClassName`,
    { key: KEY, class: name },
  );
}

/** A user's segmentor whose results are checked and renumbered. */
class CheckedSegmentor implements Segmentor {
  readonly #name: string;
  readonly #inner: Segmentor;

  constructor(name: string, inner: Segmentor) {
    this.#name = name;
    this.#inner = inner;
  }

  async segment(input: SegmentInput): Promise<Uint32Array> {
    const where = { plugin: this.#name, subvolume: input.subvolume, bordered: input.bordered };
    let labels: unknown;
    try {
      labels = await this.#inner.segment(input);
    } catch (error) {
      input.signal.throwIfAborted();
      throw isAxonloomError(error) ? error : pluginFailure(where, error);
    }
    const allowed = without(andInto(null, input.inside), input.preserved, input.gray.data.length);
    return renumber(checkLabels(labels, allowed, where)).labels;
  }

  stitch(evidence: Evidence, policy: StitchPolicy): Match[] {
    const matches: unknown = this.#inner.stitch(evidence, policy);
    const isMatch = (m: unknown) => typeof m === "object" && m !== null && "a" in m && "b" in m && isSegment(m.a) && isSegment(m.b);
    if (Array.isArray(matches) && matches.every(isMatch)) return matches;
    const found = Array.isArray(matches) ? `${nameOf(matches.find((m) => !isMatch(m)))} in it` : nameOf(matches);
    throw new AxonloomError(
      "E_PLUGIN_RESULT",
      `${this.#name}, face of subvolumes ${evidence.a} and ${evidence.b}: expected a list of matches { a, b } of segment ids (1 to 2^32 - 1), found ${found}; correct what its stitch returns`,
      { plugin: this.#name, a: evidence.a, b: evidence.b },
    );
  }
}

function isSegment(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0xffffffff;
}
