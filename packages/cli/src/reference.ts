/** The page `docs/reference/cli.md`, made from the help texts. */
import { createProgram } from "./program.ts";

export function cliReferenceMarkdown(): string {
  const program = createProgram({ signal: new AbortController().signal, end() {} });
  const parts = [
    "# Commands",
    "Made from the help texts by `scripts/make-docs.mjs`. [Exit codes](exit-codes.md) and [errors](errors.md) have pages of their own.",
    "Ctrl-C stops and leaves what can be resumed; once more stops at once. Progress goes to stderr: bars on a terminal, plain lines else.",
    section("axonloom", program),
    ...program.commands.flatMap((command) => [
      section(`axonloom ${command.name()}`, command),
      ...command.commands.map((sub) => section(`axonloom ${command.name()} ${sub.name()}`, sub)),
    ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(title: string, command: ReturnType<typeof createProgram>): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return `## ${title}\n\n\`\`\`text\n${help.trim()}\n\`\`\``;
}
