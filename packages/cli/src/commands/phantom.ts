import { type PhantomDamage, toXyz, type Vec3, writePhantom } from "@axonloom/core";
import { boxXyz, fraction, sizeXyz, wholeNumber, wholeNumbers } from "../arguments.ts";
import { type CommandContext, command } from "../command.ts";
import { print } from "../output.ts";
import { openFraction } from "../progress/fraction.ts";

interface Options {
  readonly size: Vec3;
  readonly seed: number;
  readonly gray: string;
  readonly truth: string;
  readonly fadedBox?: NonNullable<PhantomDamage["faded"]>["box"];
  readonly fadedContrast: number;
  readonly darkBlobs?: true;
  readonly missingSlices?: readonly number[];
}

export function phantomCommand({ signal }: CommandContext) {
  return command(
    "phantom",
    "Write a synthetic electron-microscopy volume and its ground truth, of any size.",
    "phantom --size 512,512,512 --seed 1 --gray precomputed://gray --truth precomputed://truth",
    "phantom --size 256 --seed 2 --gray g.npy --truth t.npy --faded-box 0,0,0,256,128,64 --missing-slices 90",
  )
    .requiredOption("--size <size>", "size in voxels, x,y,z or one number", sizeXyz)
    .option("--seed <n>", "other seeds give other volumes", wholeNumber(0, 2 ** 32 - 1), 1)
    .requiredOption("--gray <destination>", "where the grey values go (uint8)")
    .requiredOption("--truth <destination>", "where the ground truth goes (uint64)")
    .option("--faded-box <box>", "fade the membranes in x0,y0,z0,x1,y1,z1 (upper bounds exclusive)", boxXyz)
    .option("--faded-contrast <part>", "what is left of their contrast there, 0 to 1", fraction, 0.2)
    .option("--dark-blobs", "put dark blobs on top, as of stain")
    .option("--missing-slices <z,...>", "slices that are black", (text: string) => wholeNumbers(text))
    .action(async (options: Options) => {
      const { size, seed, gray, truth, fadedBox: box, fadedContrast: contrast, darkBlobs, missingSlices } = options;
      const damage: PhantomDamage = {
        ...(box !== undefined && { faded: { box, contrast } }),
        ...(darkBlobs && { darkBlobs }),
        ...(missingSlices !== undefined && { missingSlices }),
      };
      const progress = openFraction("phantom");
      try {
        const request = { size: toXyz(size), seed, grayDestination: gray, truthDestination: truth, damage };
        const made = await writePhantom(request, { signal, onProgress: progress.show });
        progress.close();
        print(`${made.gray.source}\n${made.truth.source}`);
      } finally {
        progress.close();
      }
    });
}
