/** Fingerprints: SHA-256 over canonical JSON of all that a result depends on. */
import { createHash } from "node:crypto";

/** JSON with sorted keys; bigint as decimal text, typed arrays as lists. Equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "bigint") return `"${value}n"`;
  if (ArrayBuffer.isView(value)) return canonicalJson(Array.from(value as Uint8Array));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** Hex digest (64 characters). */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** The same of bytes. */
export function bytesFingerprint(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
