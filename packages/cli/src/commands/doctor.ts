import { type Check, examine } from "@axonloom/core";
import { type CommandContext, command, resources, withResources } from "../command.ts";
import { type EngineOptions, sparkOptionsOf, withEngine } from "../engine.ts";
import { EXIT } from "../exit-codes.ts";
import { print, printJson, say } from "../output.ts";

interface Options extends EngineOptions {
  readonly json?: true;
}

export function doctorCommand(context: CommandContext) {
  return withEngine(
    withResources(
      command(
        "doctor",
        "Look whether a run would work: this machine, the configuration, and with Spark its server and its executors. What a run would refuse is failed, and ends in exit code 2.",
        "doctor my-volume.yml",
        "doctor my-volume.yml --engine spark://master:7077",
        "doctor --engine sc://host:15002 --json",
      ).argument("[config]", "configuration file: without it nothing is known of memory and folders"),
    ),
  )
    .option("--json", "print JSON")
    .action(async (configPath: string | undefined, options: Options) => {
      const spark = sparkOptionsOf(options);
      if (spark !== null && !options.json) say("looking at Spark: a server that has to be started takes half a minute");
      const checks = await examine({
        ...resources(options),
        ...(configPath !== undefined && { configPath }),
        ...(spark !== null && { spark }),
        signal: context.signal,
      });
      if (options.json) printJson(checks);
      else print(checksText(checks));
      if (checks.some(({ status }) => status === "failed")) context.end(EXIT.user);
    });
}

/** A line a check; what is to be done stands below it. */
function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, found, advice, code }) => {
      const what = advice === null && code !== null ? `${code}: ${found}` : found;
      const line = `${status.padEnd(7)}  ${name.padEnd(width)}  ${what}`;
      if (advice === null) return line;
      return `${line}\n${" ".repeat(9)}${code === null ? "" : `${code}: `}${advice}`;
    })
    .join("\n");
}
