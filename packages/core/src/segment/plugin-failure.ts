import { AxonloomError } from "../errors.ts";
import { type Checked, placeOf } from "./checks.ts";

/** `E_PLUGIN_FAILED` for whatever a plug-in threw, with its stack in the fields. */
export function pluginFailure(where: Checked, thrown: unknown): AxonloomError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { plugin, subvolume, bordered } = where;
  return new AxonloomError(
    "E_PLUGIN_FAILED",
    `${plugin}, ${placeOf(where)}: threw ${error.name}: ${error.message}${firstPlace(error)}`,
    { plugin, subvolume, box: bordered, stack: error.stack ?? null },
    error,
  );
}

/** Where it was thrown, as far as the stack tells: ` (my-plugin.mjs:7:18)`. */
function firstPlace(error: Error): string {
  const found = /([^/\\\s(]+\.[cm]?[jt]s:\d+:\d+)\)?$/m.exec(error.stack ?? "");
  return found === null ? "" : ` (${found[1]})`;
}
