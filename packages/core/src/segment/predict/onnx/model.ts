/**
 * BioImage.IO model descriptions (`rdf.yaml`, `bioimageio.yaml`, format 0.4 and 0.5) with ONNX weights, reduced to what running them on grey
 * values needs: one input of one channel, one output of the same scale.
 * https://github.com/bioimage-io/spec-bioimage-io
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { AxonloomError } from "../../../errors.ts";
import { reasonOf } from "../../../fs-errors.ts";
import { parseTensors4 } from "./tensors-0-4.ts";
import { parseTensors5 } from "./tensors-0-5.ts";
import type { OnnxModel } from "./types.ts";

const NAMES = ["rdf.yaml", "bioimageio.yaml"];

/** Reads a description: its file, or the folder that holds it. Throws `E_PLUGIN_NOT_FOUND` or `E_CONFIG_UNSUPPORTED`. */
export async function readModel(path: string): Promise<OnnxModel> {
  const file = await descriptionIn(path);
  const raw = await parsed(file);
  const fail = (text: string) => unsupported(file, text);
  if (raw["type"] !== undefined && raw["type"] !== "model") throw fail(`expected type: model, found ${raw["type"]}`);
  const version = String(raw["format_version"] ?? "");
  const read = /^0\.5\./.test(version) ? parseTensors5 : /^0\.4\./.test(version) ? parseTensors4 : null;
  if (read === null) throw fail(`expected format_version 0.4 or 0.5, found ${version || "none"}`);
  const weights = (raw["weights"] as Readonly<Record<string, { source?: unknown; sha256?: unknown }>> | undefined) ?? {};
  const onnx = weights["onnx"];
  if (onnx === undefined) {
    throw fail(`expected weights for onnx, found ${Object.keys(weights).join(", ") || "none"}; export the network to ONNX`);
  }
  const source = String(onnx.source);
  if (/^https?:/.test(source)) throw fail(`its weights lie at ${source}: download them beside it, and name that file as source`);
  const tensors = read(raw, fail);
  return {
    path: file,
    weights: resolve(dirname(file), source),
    sha256: typeof onnx.sha256 === "string" ? onnx.sha256 : null,
    ...tensors,
  };
}

async function descriptionIn(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    if (!(await stat(absolute)).isDirectory()) {
      if (!absolute.endsWith(".zip")) return absolute;
      throw unsupported(absolute, "expected a description or its folder, found a zip file; unpack it, and name the folder");
    }
    for (const name of NAMES) {
      const inside = join(absolute, name);
      const found = await stat(inside).catch(() => null);
      if (found !== null) return inside;
    }
  } catch (cause) {
    if (cause instanceof AxonloomError) throw cause;
    throw notFound(absolute, `cannot be read: ${reasonOf(cause)}`, cause);
  }
  throw notFound(absolute, `expected ${NAMES.join(" or ")} in this folder, found none of them`);
}

async function parsed(file: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw notFound(file, `cannot be read: ${reasonOf(cause)}`, cause);
  }
  try {
    const raw: unknown = parse(text);
    if (typeof raw === "object" && raw !== null) return raw as Readonly<Record<string, unknown>>;
  } catch {
    // said below
  }
  throw unsupported(file, "expected a model description in YAML; name the file rdf.yaml or bioimageio.yaml, not the weights");
}

function notFound(path: string, text: string, cause?: unknown): AxonloomError {
  return new AxonloomError("E_PLUGIN_NOT_FOUND", `model ${path}: ${text}`, { path }, cause);
}

function unsupported(path: string, text: string): AxonloomError {
  return new AxonloomError("E_CONFIG_UNSUPPORTED", `model ${path}: ${text}`, { path });
}
