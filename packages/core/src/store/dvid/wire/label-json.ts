/**
 * JSON with 64-bit labels: they are bare digits there, and above 2^53 `JSON.parse` changes them. Here every number that is written as an
 * integer becomes a bigint, whatever its size; others stay numbers.
 */
import { badAnswer } from "./answer.ts";

export type LabelJson = null | boolean | number | bigint | string | LabelJson[] | { [key: string]: LabelJson };

const MOST_DEPTH = 200;
const SPACE = /[ \t\n\r]*/y;
/** JSON.parse sees to what may not be inside. */
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORDS = new Map<string, LabelJson>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Reads a JSON text. `E_DVID_ANSWER` with the place where it is none. */
export function parseLabelJson(text: string): LabelJson {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at < text.length) throw reader.unexpected("the end");
  return value;
}

/** Writes a value as JSON; labels as bare digits. */
export function formatLabelJson(value: LabelJson): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(formatLabelJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${formatLabelJson(item)}`)
    .join(",")}}`;
}

class Reader {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): LabelJson {
    if (depth > MOST_DEPTH) throw badAnswer(`JSON that is nested more than ${MOST_DEPTH} deep`);
    this.space();
    const first = this.text[this.at];
    if (first === "[") return this.list(depth);
    if (first === "{") return this.object(depth);
    if (first === '"') return this.string();
    const number = this.match(NUMBER);
    if (number !== null) return number[1] === undefined && number[2] === undefined ? BigInt(number[0]) : Number(number[0]);
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    throw this.unexpected("a value");
  }

  space(): void {
    this.match(SPACE);
  }

  unexpected(wanted: string): Error {
    const found = this.at >= this.text.length ? "the end" : JSON.stringify(this.text.slice(this.at, this.at + 60));
    return badAnswer(`expected ${wanted} at character ${this.at} of a JSON text, found ${found}`);
  }

  private list(depth: number): LabelJson[] {
    const items: LabelJson[] = [];
    this.at++;
    if (this.skipped("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.skipped(","));
    if (!this.skipped("]")) throw this.unexpected('"," or "]"');
    return items;
  }

  private object(depth: number): { [key: string]: LabelJson } {
    const entries: [string, LabelJson][] = [];
    this.at++;
    if (this.skipped("}")) return {};
    do {
      this.space();
      const key = this.string();
      if (!this.skipped(":")) throw this.unexpected('":"');
      entries.push([key, this.value(depth + 1)]);
    } while (this.skipped(","));
    if (!this.skipped("}")) throw this.unexpected('"," or "}"');
    return Object.fromEntries(entries);
  }

  private string(): string {
    const start = this.at;
    const found = this.match(STRING);
    if (found === null) throw this.unexpected("a string");
    try {
      return JSON.parse(found[0]) as string;
    } catch {
      this.at = start;
      throw this.unexpected("a string");
    }
  }

  /** Passes `mark` where it comes next. */
  private skipped(mark: string): boolean {
    this.space();
    if (this.text[this.at] !== mark) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }
}
