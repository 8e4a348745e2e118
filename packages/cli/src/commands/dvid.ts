import { newDvidRepo, newDvidVersion } from "@axonloom/core";
import { type CommandContext, command } from "../command.ts";
import { print } from "../output.ts";

export function dvidCommand(context: CommandContext) {
  return command(
    "dvid",
    "Make what has to be on a DVID server before a volume can be written.",
    "dvid new-repo dvid://emdata:8000 --alias hemibrain",
    "dvid new-version dvid://emdata:8000/hemibrain:master --commit --note 'grey values'",
  )
    .addCommand(newRepoCommand(context))
    .addCommand(newVersionCommand(context));
}

function newRepoCommand({ signal }: CommandContext) {
  return command(
    "new-repo",
    "Make a repo, and print the name of its first version. Needs the server's admin token in AXONLOOM_DVID_ADMIN_TOKEN, or in the file that AXONLOOM_DVID_ADMIN_TOKEN_FILE names.",
    "dvid new-repo dvid://emdata:8000 --alias hemibrain",
  )
    .argument("<server>", "dvid://host:port")
    .requiredOption("--alias <name>", "short name of the repo, as in dvid://host:port/NAME:master/…")
    .option("--description <text>", "for people")
    .action(async (server: string, { alias, description }: { readonly alias: string; readonly description?: string }) => {
      print(await newDvidRepo(server, { alias, signal, ...(description !== undefined && { description }) }));
    });
}

function newVersionCommand({ signal }: CommandContext) {
  return command(
    "new-version",
    "Make an open version after a committed one, and print its name.",
    "dvid new-version dvid://emdata:8000/hemibrain:master --commit",
    "dvid new-version dvid://emdata:8000/28ee1 --branch trial-2",
  )
    .argument("<version>", "dvid://host:port/<version>; <version>: an id, a unique beginning of one, or <repo>:<branch>")
    .option("--branch <name>", "begin a branch; by default the version's own goes on")
    .option("--commit", "commit the version first if it is open: it can never be changed again")
    .option("--note <text>", "note of the new version, and of the commit")
    .action(async (version: string, options: { readonly branch?: string; readonly commit?: true; readonly note?: string }) => {
      print(await newDvidVersion(version, { ...options, signal }));
    });
}
