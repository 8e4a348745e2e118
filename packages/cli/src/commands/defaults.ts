import { defaultConfigText } from "@axonloom/core";
import { oneOf } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";

export function defaultsCommand(_context: CommandContext) {
  return command("defaults", "Print a configuration with all keys, their meaning and defaults.", "defaults > my-volume.yml")
    .option("--format <format>", "yaml (with comments) or json", oneOf(["yaml", "json"]), "yaml")
    .action(({ format }: { readonly format: "yaml" | "json" }) => {
      process.stdout.write(defaultConfigText(format));
    });
}
