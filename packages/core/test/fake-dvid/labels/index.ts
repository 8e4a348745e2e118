/** `labelmap`, and the older `labelarray` and `labelblk`, which have no supervoxels and answer fewer calls. */
import { type Answer, type Call, done, json, type Point, Refusal } from "../call.ts";
import { type Base, badCall, baseJson, type Instance, resolutionOf, type Settings, volumeJson } from "../instance.ts";
import { specOnly } from "../spec-only.ts";
import type { Version } from "../versions.ts";
import * as bodies from "./bodies.ts";
import { maxLabel, nextLabel } from "./ids.ts";
import { coarseVolume, sparseVolume, sparseVolumeSize } from "./sparse.ts";
import { type Change, LabelState } from "./state.ts";
import * as voxels from "./voxels.ts";

const LABELMAP_ONLY =
  /^(extents|sizes?|supervoxels|supervoxel-sizes|mappings?|index|indices|listlabels|existing-labels|cleave|ingest-supervoxels)$/;
const LABELBLK = /^(info|resolution|raw|isotropic|label|labels|blocks)$/;

type LabelType = "labelmap" | "labelarray" | "labelblk";

export interface LabelOptions {
  readonly logStore: boolean;
  /** Carries out the index changes of a raw POST later; the server answers before. */
  readonly later: (work: () => void) => void;
}

export class Labels implements Instance {
  readonly name: string;
  readonly type: LabelType;
  readonly versioned: boolean;
  readonly #base: Base;
  readonly #state: LabelState;
  readonly #indexed: boolean;
  #voxelSize: Point;
  readonly #units: readonly string[];
  readonly #later: LabelOptions["later"];

  constructor(base: Base, settings: Settings, options: LabelOptions) {
    this.#base = base;
    this.name = base.name;
    this.type = base.type as LabelType;
    this.versioned = base.versioned;
    const blockSize = settings.point("BlockSize", this.type === "labelblk" ? [32, 32, 32] : [64, 64, 64]);
    this.#state = new LabelState(base.repo, blockSize, Number(settings.text("MaxDownresLevel") ?? "0"));
    this.#voxelSize = settings.point("VoxelSize", [8, 8, 8]);
    this.#units = settings.text("VoxelUnits")?.split(",") ?? ["nanometers", "nanometers", "nanometers"];
    this.#indexed = settings.flag("IndexedLabels", true);
    this.#later = options.later;
    if (this.type === "labelmap" && !options.logStore) {
      specOnly("log-store");
      throw new Refusal(`labelmap ${JSON.stringify(base.name)} instance needs a writable log yet has none assigned`);
    }
  }

  info(version: Version): string {
    const state = this.#state;
    const values = { dataType: "uint64", label: this.type, interpolable: false };
    const { extended, extents } = volumeJson(values, state.blockSize, this.#voxelSize, this.#units, state.extents.of(version));
    if (this.type === "labelblk") return `{"Base":${baseJson(this.#base)},"Extended":{${extended}}}`;
    const max = [...state.maxLabel]
      .map(([id, label]) => `"${id}":${label}`)
      .sort()
      .join(",");
    const ids =
      `"MaxLabel":{${max}},"MaxRepoLabel":${state.maxRepoLabel},` +
      (this.type === "labelmap"
        ? `"NextLabel":${state.nextLabel},"IndexedLabels":${this.#indexed}`
        : `"IndexedLabels":true,"CountLabels":true`);
    return `{"Base":${baseJson(this.#base)},"Extended":{${extended},${ids},"MaxDownresLevel":${state.maxDownres}},"Extents":${extents}}`;
  }

  answer(call: Call, version: Version): Answer {
    const endpoint = call.parts[3] ?? "";
    const state = this.#state;
    if (this.type !== "labelmap") {
      specOnly(this.type);
      if (LABELMAP_ONLY.test(endpoint) || (this.type === "labelblk" && !LABELBLK.test(endpoint))) return badCall(call, this);
    }
    const post = call.method === "POST" || call.method === "PUT";
    switch (endpoint) {
      case "info":
        return json(this.info(version));
      case "extents":
        return state.extents.post(call, version);
      case "resolution":
        this.#voxelSize = resolutionOf(call.body);
        return done;
      case "raw":
      case "isotropic":
        return post
          ? this.#postRaw(call, version)
          : voxels.getRaw(state, call, version, { zerosForAbsent: this.type !== "labelmap" });
      case "blocks":
        return post ? voxels.postBlocks(state, call, version) : voxels.getBlocks(state, call, version);
      case "specificblocks":
        return voxels.specificBlocks(state, call, version);
      case "ingest-supervoxels":
        return voxels.ingest(state, call, version);
      case "label":
        return voxels.getLabel(state, call, version);
      case "labels":
        return voxels.getLabels(state, call, version);
      case "size":
        return bodies.getSize(state, call, version);
      case "sizes":
        return bodies.getSizes(state, call, version);
      case "supervoxels":
        return bodies.getSupervoxels(state, call, version);
      case "supervoxel-sizes":
        return bodies.getSupervoxelSizes(state, call, version);
      case "index":
        return bodies.oneIndex(state, call, version);
      case "indices":
        return bodies.indices(state, call, version);
      case "listlabels":
        return bodies.listLabels(state, call, version);
      case "existing-labels":
        return bodies.existingLabels(state, version);
      case "mapping":
        return bodies.getMapping(state, call, version);
      case "mappings":
        return bodies.mappings(state, call, version);
      case "merge":
        return bodies.merge(state, call, version);
      case "cleave":
        return bodies.cleave(state, call, version);
      case "maxlabel":
        return maxLabel(state, call, version);
      case "nextlabel":
        return nextLabel(state, call, version);
      case "sparsevol":
        return sparseVolume(state, call, version);
      case "sparsevol-coarse":
        return coarseVolume(state, call, version);
      case "sparsevol-size":
        return sparseVolumeSize(state, call, version);
      default:
        return badCall(call, this);
    }
  }

  #postRaw(call: Call, version: Version): Answer {
    const refusal = this.type === "labelblk" ? "cannot store voxels" : `cannot store labels for data ${JSON.stringify(this.name)}`;
    const changes: Change[] = voxels.postRaw(this.#state, call, version, refusal);
    this.#later(() => this.#state.apply(version, changes));
    return done;
  }
}
