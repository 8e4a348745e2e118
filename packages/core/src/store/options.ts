import { AxonloomError } from "../errors.ts";
import { closest } from "../suggest.ts";
import type { VolumeSpec } from "./types.ts";

/** Throws `E_SOURCE_UNSUPPORTED` for a driver option that is not in `known`. */
export function checkOptionKeys(source: string, spec: VolumeSpec, known: readonly string[]): void {
  for (const key of Object.keys(spec.options ?? {})) {
    if (known.includes(key)) continue;
    const near = closest(key, known);
    const hint = near === null ? "" : `; did you mean "${near}"?`;
    throw new AxonloomError(
      "E_SOURCE_UNSUPPORTED",
      `${source}: the option "${key}" is unknown (known: ${known.length === 0 ? "none" : known.join(", ")})${hint}`,
      { source, key },
    );
  }
}
