import { type CommandContext, command } from "../command.ts";
import { experimentScalingCommand } from "./experiment-scaling.ts";
import { experimentTable1Command } from "./experiment-table-1.ts";
import { experimentTable2Command } from "./experiment-table-2.ts";

export function experimentCommand(context: CommandContext) {
  return command(
    "experiment",
    "Repeat the paper's experiments. Each writes report.html, report.md, result.json, tables as CSV, and plots into its folder.",
    "experiment table-2 --folder table-2",
  )
    .addCommand(experimentTable1Command(context))
    .addCommand(experimentTable2Command(context))
    .addCommand(experimentScalingCommand(context));
}
