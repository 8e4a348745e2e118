/**
 * `neuroproof_agglomerate`: supervoxels are merged by a trained classifier, as NeuroProof does.
 *
 * 1. Region graph with statistics of all channels; inclusions are merged into the region around them.
 * 2. Edges are merged in the order of the lazy queue while their probability of being a boundary is at most `threshold`; inclusions again.
 * 3. Mitochondria (channel `mitochannel`), left alone so far, go to the region with the largest part of their border.
 * 4. With `min_body_size`, smaller bodies are cleared and the others grow into their place over `boundary_channel`.
 *
 * Reference: T. Parag et al., "A context-aware delayed agglomeration framework for electron microscopy segmentation", PLoS ONE 2015.
 */
import { agglomerateRegions, type FeatureGraph, featureGraph, relabelRegions, seededWatershed } from "@axonloom/kernels";
import { AxonloomError } from "../../../errors.ts";
import { checkPredictions } from "../../checks.ts";
import { channelOf, levelsOf } from "../../levels.ts";
import type { AgglomerateInput } from "../../types.ts";
import { type Classifier, classifierIdentity, readClassifier } from "./classifier.ts";
import type { NeuroproofParameters } from "./parameters.ts";

export { neuroproofAgglomerateParameters } from "./parameters.ts";

const NAME = "neuroproof_agglomerate";

/** The supervoxels, overwritten with the ids of the regions that survive. Throws what `readClassifier` throws, and `E_CONFIG_INVALID`. */
export async function neuroproofAgglomerate(input: AgglomerateInput<NeuroproofParameters>): Promise<Uint32Array> {
  const { supervoxels, shape, parameters, mask } = input;
  const { path } = parameters.classifier;
  const classifier = await readClassifier(path);
  const predictions = checkPredictions(input.predictions, { plugin: `${NAME} (the predictions that it got)`, ...input });
  const channels = predictions.shape[3];
  checkFits(path, classifier, channels, NAME);
  checkChannels(parameters, channels, NAME, `the predictions have ${channelsText(channels)}`);
  const { threshold, mitochannel, mito_threshold, mito_ratio, min_body_size, boundary_channel } = parameters;
  const mitochondria = mitochannel === null ? null : { channel: mitochannel, threshold: mito_threshold, ratio: mito_ratio };
  const graph = featureGraph(supervoxels, predictions.data, channels, shape);
  const survivors = agglomerateRegions(graph, classifier.classify, { threshold, mitochondria });
  const absorbed = relabel(supervoxels, graph, survivors, min_body_size);
  if (absorbed) seededWatershed(levelsOf(channelOf(predictions, boundary_channel, NAME)).data, supervoxels, shape, { mask });
  return supervoxels;
}

/** Reads the classifier, and compares it with the channels that the parameters name. */
export async function checkNeuroproofAgglomerate(values: Readonly<Record<string, unknown>>, key: string): Promise<void> {
  const parameters = values as NeuroproofParameters;
  const { path } = parameters.classifier;
  const { channels } = await readClassifier(path);
  checkChannels(parameters, channels, key, `${path} is made for ${channelsText(channels)}`);
}

/** Whether the classifier is made for predictions of so many channels. */
export async function checkNeuroproofChannels(
  values: Readonly<Record<string, unknown>>,
  channels: number,
  key: string,
): Promise<void> {
  const { path } = (values as NeuroproofParameters).classifier;
  checkFits(path, await readClassifier(path), channels, key);
}

/** What is in the classifier's files. */
export async function neuroproofAgglomerateIdentity(values: Readonly<Record<string, unknown>>): Promise<string> {
  return await classifierIdentity((values as NeuroproofParameters).classifier.path);
}

/** Writes the labels, small bodies as 0. True when there are small ones and others. */
function relabel(labels: Uint32Array, { ids, size }: FeatureGraph, survivors: Uint32Array, least: number): boolean {
  const isSmall = survivors.map((region) => (size[region]! < least ? 1 : 0));
  const absorb = isSmall.includes(1) && isSmall.includes(0);
  relabelRegions(
    labels,
    ids,
    survivors.map((region, k) => (absorb && isSmall[k] === 1 ? 0 : ids[region]!)),
  );
  return absorb;
}

function checkFits(path: string, { features, channels: expected }: Classifier, channels: number, key: string): void {
  if (channels === expected) return;
  throw new AxonloomError(
    "E_CONFIG_INVALID",
    `${key}: ${path} has ${features} features, made for ${channelsText(expected)}, but the predictions have ${channelsText(channels)}; give a classifier that was trained on such predictions`,
    { path, features, expected, found: channels },
  );
}

function checkChannels(parameters: NeuroproofParameters, channels: number, key: string, found: string): void {
  const { mitochannel, boundary_channel, min_body_size } = parameters;
  if (mitochannel !== null && mitochannel >= channels) {
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `${key}: mitochannel ${mitochannel} does not exist: ${found}, counted from 0; give another channel, or null where none shows mitochondria`,
      { mitochannel, channels },
    );
  }
  if (min_body_size > 0 && boundary_channel >= channels) {
    throw new AxonloomError(
      "E_CONFIG_INVALID",
      `${key}: boundary_channel ${boundary_channel} does not exist: ${found}, counted from 0`,
      { boundary_channel, channels },
    );
  }
}

function channelsText(channels: number): string {
  return channels === 1 ? "1 channel" : `${channels} channels`;
}
