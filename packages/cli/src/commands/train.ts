import { type CommandContext, command } from "../command.ts";
import { trainAgglomerationCommand } from "./train-agglomeration.ts";
import { trainVoxelsCommand } from "./train-voxels.ts";

export function trainCommand(context: CommandContext) {
  return command(
    "train",
    "Train a classifier from volumes that people have labelled.",
    "train voxels --gray gray.npy.gz --boundary-of truth.npy.gz --output membrane.axvoxels.json",
    "train agglomeration --supervoxels ws.npy.gz --prediction membrane.npy.gz --ground-truth truth.npy.gz --output agglom.xml",
  )
    .addCommand(trainVoxelsCommand(context))
    .addCommand(trainAgglomerationCommand(context));
}
