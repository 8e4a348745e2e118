/**
 * Spark's DDL text for columns, `id long, name string, box array<int>, at struct<x: double, y: double>`, and the Arrow types that Spark
 * uses for them. Spark's readers do not cast: a column must have exactly the Arrow type that `parseSchema` gives.
 */
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import { SparkConnectError } from "./errors.ts";

const PRIMITIVES: Readonly<Record<string, () => DataType>> = {
  boolean: () => new Bool(),
  tinyint: () => new Int8(),
  byte: () => new Int8(),
  smallint: () => new Int16(),
  short: () => new Int16(),
  int: () => new Int32(),
  integer: () => new Int32(),
  bigint: () => new Int64(),
  long: () => new Int64(),
  float: () => new Float32(),
  real: () => new Float32(),
  double: () => new Float64(),
  string: () => new Utf8(),
  binary: () => new Binary(),
  date: () => new DateDay(),
  timestamp: () => new TimestampMicrosecond("UTC"),
  timestamp_ntz: () => new TimestampMicrosecond(),
};

/** Arrow schema of a DDL text. All columns are nullable unless they say `NOT NULL`. Throws `E_SPARK_SCHEMA`. */
export function parseSchema(ddl: string): Schema {
  const tokens = tokenize(ddl);
  const fields = parseFields(tokens, "end");
  if (fields.length === 0) throw tokens.error("at least one column");
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw tokens.error(`column names that differ, but "${name}" is there twice`);
    names.add(name);
  }
  return new Schema(fields);
}

interface Tokens {
  peek(): string;
  next(): string;
  expect(token: string): void;
  error(expected: string): SparkConnectError;
}

/** Words, quoted names (kept with their first back-tick), punctuation; an empty string is the end. */
function tokenize(ddl: string): Tokens {
  const found = [...ddl.matchAll(/\s*(?:(`(?:[^`]|``)*)`|([\p{L}\p{N}_]+)|(\S))/gu)].map((m) => m[1] ?? m[2] ?? m[3]!);
  let at = 0;
  const tokens: Tokens = {
    peek: () => found[at] ?? "",
    next: () => found[at++] ?? "",
    expect(token) {
      if (tokens.peek() !== token) throw tokens.error(`"${token}"`);
      at++;
    },
    error(expected) {
      const near = found.slice(Math.max(0, at - 2), at + 3).join(" ") || "nothing";
      return new SparkConnectError(
        "E_SPARK_SCHEMA",
        `expected ${expected} in the schema ${JSON.stringify(ddl)}, found "${tokens.peek() || "end"}" near "${near}"; ` +
          "write columns as DDL, for instance: id long, blob binary, box array<int>",
        { ddl },
      );
    },
  };
  return tokens;
}

function parseFields(tokens: Tokens, end: ">" | "end"): Field[] {
  const stop = end === "end" ? "" : end;
  const fields: Field[] = [];
  while (tokens.peek() !== stop) {
    if (fields.length > 0) tokens.expect(",");
    const name = parseName(tokens);
    if (tokens.peek() === ":") tokens.next();
    const type = parseType(tokens, name);
    const nullable = !parseNotNull(tokens);
    fields.push(new Field(name, type, nullable));
  }
  return fields;
}

function parseName(tokens: Tokens): string {
  const token = tokens.peek();
  if (token.startsWith("`") && token.length > 1) return tokens.next().slice(1).replaceAll("``", "`");
  if (!/^[\p{L}\p{N}_]+$/u.test(token)) throw tokens.error("a column name (others than words in `back-ticks`)");
  return tokens.next();
}

function parseNotNull(tokens: Tokens): boolean {
  if (tokens.peek().toLowerCase() !== "not") return false;
  tokens.next();
  if (tokens.peek().toLowerCase() !== "null") throw tokens.error('"NOT NULL"');
  tokens.next();
  return true;
}

/** @param column for the message of an error. */
function parseType(tokens: Tokens, column: string): DataType {
  const word = tokens.peek().toLowerCase();
  if (Object.hasOwn(PRIMITIVES, word)) {
    tokens.next();
    return PRIMITIVES[word]!();
  }
  switch (word) {
    case "decimal":
    case "dec":
    case "numeric":
      tokens.next();
      return parseDecimal(tokens);
    case "array": {
      tokens.next();
      tokens.expect("<");
      const element = parseType(tokens, column);
      tokens.expect(">");
      return new List(new Field("element", element, true));
    }
    case "map": {
      tokens.next();
      tokens.expect("<");
      const key = parseType(tokens, column);
      tokens.expect(",");
      const value = parseType(tokens, column);
      tokens.expect(">");
      const entries = new Struct([new Field("key", key, false), new Field("value", value, true)]);
      return new Map_(new Field("entries", entries, false) as never);
    }
    case "struct": {
      tokens.next();
      tokens.expect("<");
      const fields = parseFields(tokens, ">");
      tokens.expect(">");
      return new Struct(fields);
    }
    default:
      throw tokens.error(
        `a type for column "${column}" (${Object.keys(PRIMITIVES).join(", ")}, decimal(p, s), array<>, map<,>, struct<>)`,
      );
  }
}

/** Spark's default is decimal(10, 0); its values are 128 bits wide. */
function parseDecimal(tokens: Tokens): Decimal {
  if (tokens.peek() !== "(") return new Decimal(0, 10, 128);
  tokens.next();
  const precision = parseNumber(tokens);
  let scale = 0;
  if (tokens.peek() === ",") {
    tokens.next();
    scale = parseNumber(tokens);
  }
  tokens.expect(")");
  if (precision < 1 || precision > 38 || scale > precision) throw tokens.error("decimal(p, s) with 1 <= p <= 38 and s <= p");
  return new Decimal(scale, precision, 128);
}

function parseNumber(tokens: Tokens): number {
  if (!/^\d{1,2}$/.test(tokens.peek())) throw tokens.error("a number");
  return Number(tokens.next());
}
