import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oneTreeXml } from "./agglomerate/neuroproof/forests.suite.ts";
import { defaultSteps, stepOf } from "./default-steps.ts";
import { checkPredictionChannels } from "./prediction-channels.ts";

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "axonloom-channels-"));
  path = join(folder, "three.xml");
  await writeFile(path, oneTreeXml({ features: 97, feature: 0, threshold: 0 }));
});
afterAll(() => rm(folder, { recursive: true }));

const check = (predict: string, predicted: number | null = null) =>
  checkPredictionChannels(
    {
      class: "Segmentor",
      configuration: {
        ...defaultSteps(),
        "predict-voxels": stepOf(predict),
        "agglomerate-supervoxels": stepOf("neuroproof_agglomerate", { classifier: { path } }),
      },
    },
    predicted,
  );

test("a classifier for three channels does not fit a step that predicts one", async () => {
  await expect(check("naive_membrane_predictions")).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message:
      /agglomerate-supervoxels\.parameters: .*three\.xml has 97 features, made for 3 channels, but the predictions have 1 channel;/,
  });
  await expect(check("read_predictions", 2)).rejects.toMatchObject({ message: /have 2 channels/ });
});

test("what fits, or is not known before the run, passes", async () => {
  await check("read_predictions", 3);
  await check("/my/plugin.mjs:predict");
  await checkPredictionChannels({ class: "Segmentor", configuration: defaultSteps() });
});
