/** The configuration of an evaluation as code reads it: complete, checked, paths absolute. */
import { basename, dirname, extname, join, resolve } from "node:path";
import type { CallOptions } from "../../call-options.ts";
import { problemsOfIssues } from "../../config/issues.ts";
import { readConfigFile } from "../../config/load.ts";
import { resolveRoi, roiOf } from "../../config/normalise.ts";
import { resolveSource } from "../../config/paths.ts";
import { checkPlain } from "../../config/plain.ts";
import { configError, type Problem, valueAt } from "../../config/problems.ts";
import type { RoiConfig } from "../../config/types.ts";
import { fromXyz, type Vec3 } from "../../geometry/box.ts";
import { withDvidSources } from "./dvid-names.ts";
import { evaluationJsonSchema, evaluationSchema, type MeasureName, type WrittenEvaluation } from "./schema.ts";

/** A version on a DVID server. */
export interface DvidPlace {
  readonly server: string;
  readonly version: string;
}

export interface PointListConfig {
  /** Absolute path; with `dvid` it is `<keyvalue instance>/<key>` there. */
  readonly file: string;
  readonly dvid: DvidPlace | null;
  readonly name: string;
  /** null: the file says it. */
  readonly type: string | null;
}

export interface EvaluationConfig {
  readonly groundTruth: string;
  /** null: the truth is described on its own. */
  readonly segmentation: string | null;
  readonly pointLists: readonly PointListConfig[];
  /** `unitNm` null: voxels. */
  readonly skeletons: { readonly folder: string; readonly unitNm: number | null } | null;
  /** Where metrics.json goes too; null: nowhere. */
  readonly metrics: { readonly place: DvidPlace; readonly location: string } | null;
  readonly user: string;
  /** Folder of the results, absolute. */
  readonly destination: string;
  readonly roi: RoiConfig;
  readonly bodyThreshold: number;
  readonly pointThreshold: number;
  readonly chunk: Vec3;
  readonly boundarySize: number;
  readonly skipUnsegmented: boolean;
  readonly listLength: number;
  readonly measures: ReadonlySet<MeasureName>;
  /** Percents for the histogram and for edits, connections for pairs. */
  readonly histogramPercents: readonly number[];
  readonly editPercents: readonly number[];
  readonly splitFactor: number;
  readonly connectionThresholds: readonly number[];
  readonly subvolumeThreshold: number;
  readonly importantBodies: readonly bigint[];
  readonly sparse: boolean;
  readonly noTruth: boolean;
  readonly runComponents: boolean;
  readonly level: number;
  readonly heatMap: boolean;
  readonly coresPerTask: number;
  readonly debug: boolean;
  /** The file, null where there is none; and its content with defaults and absolute paths. */
  readonly file: string | null;
  readonly resolved: WrittenEvaluation;
}

export interface EvaluationChanges {
  /** In place of `output.destination`; starts at the current folder. */
  readonly destination?: string;
}

/** Reads, checks and completes a configuration (`.json`, `.yml`, `.yaml`). Throws as {@link parseEvaluation}, and `E_CONFIG_READ`. */
export async function loadEvaluation(
  path: string,
  changes: EvaluationChanges = {},
  options: CallOptions = {},
): Promise<EvaluationConfig> {
  const raw = await readConfigFile(path, options);
  return parseEvaluation(raw, { baseFolder: dirname(resolve(path)), file: path, ...changes });
}

export interface ParseEvaluationOptions extends EvaluationChanges {
  /** Where relative paths start. */
  readonly baseFolder: string;
  readonly file?: string;
}

/** @param raw plain JSON. `E_CONFIG_INVALID` or `E_CONFIG_UNSUPPORTED` with all problems in the message. */
export function parseEvaluation(raw: unknown, { baseFolder, file, destination }: ParseEvaluationOptions): EvaluationConfig {
  const { placeholders, unfit } = checkPlain(raw);
  if (unfit.length > 0) throw configError(unfit, file);
  const { raw: named, problems: ofDvid } = withDvidSources(raw);
  const parsed = evaluationSchema.safeParse(named);
  const problems: Problem[] = [...placeholders, ...ofDvid, ...problemsAcrossKeys(named)];
  if (!parsed.success) problems.push(...problemsOfIssues(parsed.error.issues, named, evaluationJsonSchema()));
  if (!parsed.success || problems.length > 0) throw configError(withoutConsequences(problems), file);
  const folder = resolve(baseFolder);
  const resolved = withAbsolutePaths(parsed.data, folder, file, destination);
  return { ...normalised(resolved), file: file === undefined ? null : resolve(file) };
}

function problemsAcrossKeys(raw: unknown): Problem[] {
  const bodies = valueAt(raw, ["options", "important-bodies"]);
  if (valueAt(raw, ["options", "enable-sparse"]) !== true || (Array.isArray(bodies) && bodies.length > 0)) return [];
  const message = "is missing. enable-sparse measures the bodies listed here";
  return [{ path: ["options", "important-bodies"], message, code: "E_CONFIG_INVALID" }];
}

/** Where DVID is asked for in a wrong way, a missing input is no second problem. */
function withoutConsequences(problems: readonly Problem[]): readonly Problem[] {
  const dvid = problems.some(({ path }) => String(path[0]).startsWith("dvid-info"));
  return dvid ? problems.filter(({ path, message }) => !(path[0] === "input" && message.startsWith("is missing"))) : problems;
}

function withAbsolutePaths(
  written: WrittenEvaluation,
  folder: string,
  file: string | undefined,
  destination: string | undefined,
): WrittenEvaluation {
  const { input, roi } = written;
  const name = file === undefined ? "axonloom" : basename(file, extname(file));
  const place =
    written.output.destination === undefined ? join(folder, `${name}.evaluation`) : resolve(folder, written.output.destination);
  return {
    ...written,
    input: {
      ...input,
      "ground-truth": resolveSource(input["ground-truth"], folder),
      ...(input.segmentation === undefined ? {} : { segmentation: resolveSource(input.segmentation, folder) }),
      "point-lists": input["point-lists"].map((list) =>
        typeof list === "string" ? resolve(folder, list) : { ...list, file: resolve(folder, list.file) },
      ),
      ...(input.skeletons === undefined
        ? {}
        : { skeletons: { ...input.skeletons, folder: resolve(folder, input.skeletons.folder) } }),
    },
    output: { destination: destination === undefined ? place : resolve(destination) },
    ...(roi === undefined ? {} : { roi: resolveRoi(roi, folder) }),
  };
}

function normalised(resolved: WrittenEvaluation): Omit<EvaluationConfig, "file"> {
  const { input, options, "dvid-info": dvid } = resolved;
  const place = placeOf(dvid);
  const parametersOf = (name: MeasureName) => options.plugins.find((plugin) => plugin.name === name)?.parameters;
  const edit = parametersOf("edit");
  const percents = edit?.volthres ?? [50, 75, 90];
  const size = options["chunk-size"];
  return {
    groundTruth: input["ground-truth"],
    segmentation: input.segmentation ?? null,
    pointLists: pointListsOf(resolved, place),
    skeletons:
      input.skeletons === undefined ? null : { folder: input.skeletons.folder, unitNm: input.skeletons["unit-nm"] ?? null },
    metrics: place === null || dvid?.["stats-location"] === "" ? null : { place, location: dvid!["stats-location"] },
    user: options["user-name"] === "" ? (dvid?.["user-name"] ?? "") : options["user-name"],
    destination: resolved.output.destination!,
    roi: roiOf(resolved.roi),
    bodyThreshold: options["body-threshold"],
    pointThreshold: options["point-threshold"],
    chunk: typeof size === "number" ? [size, size, size] : fromXyz(size),
    boundarySize: options["boundary-size"],
    skipUnsegmented: options["segmentation-zero"] === "ignored",
    listLength: options["num-displaybodies"],
    measures: new Set(options.plugins.map(({ name }) => name)),
    histogramPercents: parametersOf("count")?.thresholds ?? [50, 75, 90],
    editPercents: typeof percents === "number" ? [percents] : percents,
    splitFactor: edit?.splitfactor ?? 5,
    connectionThresholds: parametersOf("connectivity")?.thresholds ?? [1, 5, 10],
    subvolumeThreshold: options["subvolume-threshold"],
    importantBodies: options["important-bodies"].map((id) => BigInt(id)),
    sparse: options["enable-sparse"],
    noTruth: options["no-gt"],
    runComponents: options["run-cc"],
    level: options["downsample-level"],
    heatMap: !options["disable-subvolumes"],
    coresPerTask: options.corespertask,
    debug: resolved.debug,
    resolved,
  };
}

/** The server of `dvid-info`, and its version. */
function placeOf(dvid: WrittenEvaluation["dvid-info"]): DvidPlace | null {
  const { "dvid-server": server, uuid: version } = dvid ?? {};
  return server === undefined || version === undefined ? null : { server, version };
}

function pointListsOf({ input, "dvid-info": dvid }: WrittenEvaluation, place: DvidPlace | null): PointListConfig[] {
  const files = input["point-lists"].map((list): PointListConfig => {
    const { file, name, type } = typeof list === "string" ? { file: list, name: undefined, type: undefined } : list;
    return { file, dvid: null, name: name ?? basename(file, extname(file)), type: type ?? null };
  });
  const keys = dvid?.["point-lists"] ?? [];
  return [...files, ...keys.map((from): PointListConfig => ({ file: from, dvid: place, name: from.split("/")[1]!, type: null }))];
}
