/** Bytes recorded from a DVID server, for tests; where they are absent, `goldenAvailable` is false. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { DATA } from "../../../real-data.suite.ts";

const folder = `${DATA}/dvid-golden`;

export const goldenAvailable = existsSync(folder);

/** A recorded body; what ends in .gz comes unpacked. */
export function golden(name: string): Uint8Array<ArrayBuffer> {
  const bytes = readFileSync(`${folder}/${name}`);
  return new Uint8Array(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

export const goldenText = (name: string): string => new TextDecoder().decode(golden(name));
