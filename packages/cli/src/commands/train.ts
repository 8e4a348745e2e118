import { type CommandContext, command } from "../command.ts";
import { trainAgglomerationCommand } from "./train-agglomeration.ts";

export function trainCommand(context: CommandContext) {
  return command(
    "train",
    "Train a classifier from volumes that people have labelled.",
    "train agglomeration --supervoxels ws.npy.gz --prediction membrane.npy.gz --ground-truth truth.npy.gz --output agglom.xml",
  ).addCommand(trainAgglomerationCommand(context));
}
