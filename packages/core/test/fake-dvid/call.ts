/** One request as the handlers see it, what they answer, and how they refuse. */
export interface Call {
  readonly method: string;
  /** Decoded, without the query; the server repeats it in its refusals. */
  readonly path: string;
  /** Of the path, after `/api/`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** The connection broke before the whole body came. */
  readonly cutShort: boolean;
  readonly admin: boolean;
}

export interface Answer {
  readonly status?: number;
  /** Content-Type; null for none. */
  readonly type: string | null;
  readonly body: Uint8Array | string;
  readonly encoding?: string;
}

/** Refused with `message (path).`, 400, the server's usual way. */
export class Refusal extends Error {}

/** The handler ran into what Go calls a panic: 500 with another text. */
export class Panic extends Error {}

/** The process ends: no answer, and no server until it is started again. */
export class ServerEnds extends Error {}

export const json = (body: string): Answer => ({ type: "application/json", body });
export const bytes = (body: Uint8Array): Answer => ({ type: "application/octet-stream", body });
export const done: Answer = { type: null, body: "" };
/** 404 without a word: an absent label. */
export const absent: Answer = { status: 404, type: null, body: "" };

/** `{"a":"b"}` of a body, as maps with text values are read. */
export function jsonObject(body: Buffer, whenEmpty: "refuse" | "empty" = "refuse"): Record<string, unknown> {
  const text = body.toString();
  if (text === "" && whenEmpty === "empty") return {};
  if (text === "") throw new Refusal("Malformed JSON request in body: unexpected end of JSON input");
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Refusal(`Malformed JSON request in body: ${(error as Error).message}`);
  }
}

/** A list of bare unsigned integers; quoted numbers and `1e3` are refused. */
export function labelList(body: Buffer, what: string): bigint[] {
  const text = body.toString();
  if (text.trim() === "") throw new Refusal(`${what}: unexpected end of JSON input`);
  if (!/^\s*\[\s*(\d+\s*(,\s*\d+\s*)*)?\]\s*$/.test(text))
    throw new Refusal(`${what}: json: cannot unmarshal into Go value of type []uint64`);
  return (text.match(/\d+/g) ?? []).map(BigInt);
}

/** A label in a path: 1 … 2^64 − 1. */
export function labelIn(part: string | undefined, zero: string): bigint {
  if (part === undefined) throw new Refusal("DVID requires label to follow the command");
  if (!/^\d+$/.test(part)) throw new Refusal(`strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`);
  const label = BigInt(part);
  if (label >= 1n << 64n) throw new Refusal(`strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`);
  if (label === 0n) throw new Refusal(zero);
  return label;
}

export type Point = readonly [x: number, y: number, z: number];

/** `x_y_z`. */
export function pointIn(part: string | undefined): Point {
  const numbers = (part ?? "").split("_").map((n) => (/^-?\d+$/.test(n) ? Number(n) : Number.NaN));
  if (numbers.length !== 3 || numbers.some(Number.isNaN))
    throw new Refusal(`Cannot convert ${JSON.stringify(part ?? "")} into a 3d point`);
  return numbers as unknown as Point;
}

export const showPoint = (p: Point): string => `(${p.join(",")})`;

export function scaleIn(query: URLSearchParams): number {
  const text = query.get("scale") ?? "";
  if (text === "") return 0;
  if (!/^\d+$/.test(text)) throw new Refusal(`bad scale specified: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
