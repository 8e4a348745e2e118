import { editorJsonSchema } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { print } from "../output.ts";

export function schemaCommand(_context: CommandContext) {
  return command("schema", "Print the JSON Schema of the configuration, for editors.", "schema > axonloom.schema.json").action(
    () => {
      print(JSON.stringify(editorJsonSchema(), null, 2));
    },
  );
}
