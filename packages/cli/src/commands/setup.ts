import { installSpark } from "@axonloom/core";
import { Argument } from "commander";
import { type CommandContext, command } from "../command.ts";
import { print, say } from "../output.ts";

export function setupCommand({ signal }: CommandContext) {
  return command(
    "setup",
    "Install what a kind of run needs beside Node.js, once, in ~/.cache/axonloom (or AXONLOOM_CACHE). Prints its folder.",
    "setup spark",
    'run my-volume.yml --engine "spark-local[2]"',
  )
    .addArgument(new Argument("<what>", "spark: Apache Spark 4.1 from PyPI (needs Python and Java 17 or 21)").choices(["spark"]))
    .action(async () => {
      const spark = await installSpark(say, { signal });
      say(spark.present ? `Spark ${spark.version} is there already` : `Spark ${spark.version} is installed`);
      print(spark.folder);
    });
}
