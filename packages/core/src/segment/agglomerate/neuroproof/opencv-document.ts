/**
 * The text files of OpenCV's FileStorage, XML or YAML, as plain values: texts, lists, and records. Numbers stay texts until they are asked
 * for, since both formats write them alike (`1.`, `5.3331726074218750e+02`, `.Inf`), and a row of numbers is a list in YAML and one text in XML.
 */
import sax from "sax";
import { parse as parseYamlText } from "yaml";
import { AxonloomError } from "../../../errors.ts";
import { reasonOf } from "../../../fs-errors.ts";

export type OpenCvValue = string | readonly OpenCvValue[] | OpenCvRecord;
export interface OpenCvRecord {
  readonly [name: string]: OpenCvValue;
}

/** The records below the root. `path` is for error texts. `E_SOURCE_DAMAGED` for text that is neither whole XML nor whole YAML. */
export function parseOpenCvText(text: string, path: string): OpenCvRecord {
  let root: OpenCvValue;
  try {
    root = text.startsWith("%YAML") ? parseYaml(text) : parseXml(text);
  } catch (cause) {
    throw damaged(path, `it cannot be parsed (${reasonOf(cause).split("\n").slice(0, 1).join(" ")})`, cause);
  }
  if (!isRecord(root)) throw damaged(path, "there is nothing in it");
  return root;
}

/** `E_SOURCE_DAMAGED`. `problem`: what was expected and found. */
export function damaged(path: string, problem: string, cause?: unknown): AxonloomError {
  return new AxonloomError("E_SOURCE_DAMAGED", `${path}: ${problem}; expected a whole file as OpenCV writes it`, { path }, cause);
}

export function isRecord(value: OpenCvValue | undefined): value is OpenCvRecord {
  return typeof value === "object" && !Array.isArray(value);
}

/** Open elements: `_` are entries of a list, others of a record. */
interface Frame {
  readonly name: string;
  text: string;
  list: OpenCvValue[] | null;
  record: Record<string, OpenCvValue> | null;
}

function parseXml(text: string): OpenCvValue {
  const parser = sax.parser(true);
  let root: OpenCvValue = "";
  const open: Frame[] = [];
  parser.onerror = (error) => {
    throw error;
  };
  parser.onopentag = ({ name }) => {
    open.push({ name, text: "", list: null, record: null });
  };
  parser.ontext = (part) => {
    const frame = open.at(-1);
    if (frame !== undefined) frame.text += part;
  };
  parser.onclosetag = () => {
    const { name, text: own, list, record } = open.pop()!;
    const value = list ?? record ?? own.trim();
    const parent = open.at(-1);
    if (parent === undefined) root = value;
    else if (name === "_") {
      parent.list ??= [];
      parent.list.push(value);
    } else {
      parent.record ??= Object.create(null) as Record<string, OpenCvValue>;
      parent.record[name] = value;
    }
  };
  parser.write(text).close();
  return root;
}

/** OpenCV's YAML is not quite YAML: the directive has a colon, types are bare words behind `!!`, and `{ var:9 }` lacks a space. */
function parseYaml(text: string): OpenCvValue {
  const mended = text
    .replace(/^%YAML[^\n]*\n(---[^\n]*\n)?/, "")
    .replace(/!!opencv-[\w-]+/g, "")
    .replace(/(^|[\s{,])([A-Za-z_]\w*):(?=[-+.\d[])/g, "$1$2: ");
  return parseYamlText(mended, { schema: "failsafe", maxAliasCount: 0 }) as OpenCvValue;
}

/** All numbers of a text or list, in order; null where something is no number. */
export function numbersOf(value: OpenCvValue): number[] | null {
  const texts = typeof value === "string" ? value.split(/\s+/).filter((part) => part !== "") : value;
  if (!Array.isArray(texts)) return null;
  const numbers = texts.map((part) => (typeof part === "string" ? numberOf(part) : null));
  return numbers.every((n) => n !== null) ? numbers : null;
}

/** A number as OpenCV writes it; null where it is none. */
export function numberOf(text: string): number | null {
  const special = /^([-+]?)\.(inf|nan)$/i.exec(text);
  if (special !== null) return special[2]!.toLowerCase() === "nan" ? Number.NaN : special[1] === "-" ? -Infinity : Infinity;
  const n = text === "" ? Number.NaN : Number(text);
  return Number.isNaN(n) ? null : n;
}
