import { convertVolume, type Vec3 } from "@axonloom/core";
import { oneOf, sizeXyz } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { print } from "../output.ts";
import { openFraction } from "../progress/fraction.ts";

interface Options {
  readonly encoding?: "compressed_segmentation" | "raw";
  readonly chunk?: Vec3;
}

export function convertCommand({ signal }: CommandContext) {
  return command(
    "convert",
    "Copy a volume into another format.",
    "convert labels.npy.gz precomputed://segmentation --encoding compressed_segmentation",
    "convert 'raw://gray.u8.raw.gz?shape=512,512,20&dtype=uint8' gray.npy",
  )
    .argument("<source>", "name of a volume")
    .argument("<destination>", "name of a volume that does not exist yet")
    .option(
      "--encoding <encoding>",
      "of precomputed chunks: compressed_segmentation or raw",
      oneOf(["compressed_segmentation", "raw"]),
    )
    .option("--chunk <size>", "chunk of the destination in voxels, x,y,z or one number", sizeXyz)
    .action(async (source: string, destination: string, { encoding, chunk }: Options) => {
      const progress = openFraction("convert");
      try {
        const store = await convertVolume(source, destination, {
          signal,
          onProgress: progress.show,
          ...(chunk !== undefined && { chunk }),
          ...(encoding !== undefined && { options: { encoding } }),
        });
        progress.close();
        print(store.source);
      } finally {
        progress.close();
      }
    });
}
