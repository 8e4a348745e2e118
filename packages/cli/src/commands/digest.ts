import { digestVolume } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { print } from "../output.ts";

export function digestCommand({ signal }: CommandContext) {
  return command(
    "digest",
    "Print the SHA-256 (hex) of a label volume as uint64, little endian, in z, y, x order, whatever its format.",
    "digest precomputed://segmentation",
  )
    .argument("<source>", "name of a label volume")
    .action(async (source: string) => {
      print((await digestVolume(source, { signal })).digest);
    });
}
