import { AxonloomError } from "../errors.ts";
import { type Checked, placeOf } from "./checks.ts";

/** `E_PLUGIN_FAILED` for whatever a plug-in threw, with its stack in the fields. */
export function pluginFailure(where: Checked, thrown: unknown): AxonloomError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { plugin, subvolume, bordered } = where;
  return new AxonloomError(
    "E_PLUGIN_FAILED",
    `${plugin}, ${placeOf(where)}: threw ${error.name}: ${error.message}`,
    { plugin, subvolume, box: bordered, stack: error.stack ?? null },
    error,
  );
}
