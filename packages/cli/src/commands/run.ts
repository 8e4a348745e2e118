import { createSegmentation, loadConfig } from "@axonloom/core";
import { type CommandContext, command, endRun, resources, summaryTable, withResources } from "../command.ts";
import { type EngineOptions, engineOf, withEngine } from "../engine.ts";
import { print } from "../output.ts";
import { openProgress } from "../progress/index.ts";

interface Options extends EngineOptions {
  readonly fresh?: true;
  readonly json?: true;
}

export function runCommand(context: CommandContext) {
  return withEngine(
    withResources(
      command(
        "run",
        "Segment a volume as a configuration says. Resumes when the run folder exists.",
        "run my-volume.yml",
        "run my-volume.yml --workers 2 --memory 8GB",
        "run my-volume.yml --engine spark-local[4]",
      ).argument("<config>", "configuration file, .json or .yml"),
    ),
  )
    .option("--fresh", "forget everything that an earlier run left in the run folder")
    .option("--json", "print one JSON line an event; the last one is the result")
    .action(async (path: string, options: Options) => {
      const config = await loadConfig(path, { signal: context.signal });
      const engine = engineOf(options, config.coresPerTask);
      const progress = openProgress(options.json === true);
      try {
        const result = await createSegmentation(config, {
          ...resources(options),
          ...(engine !== null && { engine }),
          fresh: options.fresh === true,
          signal: context.signal,
          onEvent: progress.follow,
        });
        progress.close();
        if (!options.json) print(summaryTable(result.summary));
        endRun(context, result);
      } finally {
        progress.close();
      }
    });
}
