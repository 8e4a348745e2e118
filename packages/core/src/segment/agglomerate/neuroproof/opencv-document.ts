/**
 * The text files of OpenCV's FileStorage, XML or YAML, as plain values: texts, lists, and records. Numbers stay texts until they are asked
 * for, since both formats write them alike (`1.`, `5.3331726074218750e+02`, `.Inf`), and a row of numbers is a list in YAML and one text in XML.
 */
import sax from "sax";
import { parse as parseYamlText } from "yaml";
import { AxonloomError, isAxonloomError } from "../../../errors.ts";
import { reasonOf } from "../../../fs-errors.ts";

export type OpenCvValue = string | readonly OpenCvValue[] | OpenCvRecord;
export interface OpenCvRecord {
  readonly [name: string]: OpenCvValue;
}

/** Called with each tree of a forest as soon as it is read; XML keeps nothing of it. */
type OnTree = (tree: OpenCvValue) => void;

/** Bytes that are decoded at once. */
const PIECE = 1 << 20;

/**
 * The records below the root, but for the entries of `trees`, which go to `onTree`. `path` is for error texts. `E_SOURCE_DAMAGED` for a file
 * that is neither whole XML nor whole YAML. What `onTree` throws is thrown.
 */
export function parseOpenCvFile(bytes: Uint8Array, path: string, onTree: OnTree): OpenCvRecord {
  const isYaml = new TextDecoder().decode(bytes.subarray(0, 5)) === "%YAML";
  let root: OpenCvValue;
  try {
    root = isYaml ? parseYaml(new TextDecoder().decode(bytes), onTree) : parseXml(bytes, onTree);
  } catch (cause) {
    if (isAxonloomError(cause)) throw cause;
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

function parseXml(bytes: Uint8Array, onTree: OnTree): OpenCvValue {
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
      if (parent.name === "trees") onTree(value);
      else parent.list.push(value);
    } else {
      parent.record ??= Object.create(null) as Record<string, OpenCvValue>;
      parent.record[name] = value;
    }
  };
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; at += PIECE) parser.write(decoder.decode(bytes.subarray(at, at + PIECE), { stream: true }));
  parser.close();
  return root;
}

/** OpenCV's YAML is not quite YAML: the directive has a colon, types are bare words behind `!!`, and `{ var:9 }` lacks a space. */
function parseYaml(text: string, onTree: OnTree): OpenCvValue {
  const mended = text
    .replace(/^%YAML[^\n]*\n(---[^\n]*\n)?/, "")
    .replace(/!!opencv-[\w-]+/g, "")
    .replace(/(^|[\s{,])([A-Za-z_]\w*):(?=[-+.\d[])/g, "$1$2: ");
  const root = parseYamlText(mended, { schema: "failsafe", maxAliasCount: 0 }) as OpenCvValue;
  const first = isRecord(root) ? Object.values(root)[0] : undefined;
  const trees = isRecord(first) ? first["trees"] : undefined;
  if (Array.isArray(trees)) trees.forEach(onTree);
  return root;
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
