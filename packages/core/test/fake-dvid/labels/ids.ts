/** `maxlabel` and `nextlabel`. */
import { type Answer, type Call, done, json, labelIn, Refusal } from "../call.ts";
import { specOnly } from "../spec-only.ts";
import type { Version } from "../versions.ts";
import type { LabelState } from "./state.ts";

const LARGEST_POSTED = 1n << 48n;

export function maxLabel(state: LabelState, call: Call, version: Version): Answer {
  if (call.method === "GET") {
    const max = state.effectiveMax(version);
    if (max === undefined) throw new Refusal(`No maximum label found for ${call.parts[2]} version ${version.id}\n`);
    return json(`{"maxlabel": ${max}}`);
  }
  specOnly("maxlabel-post");
  if (!call.admin) throw new Refusal("POST /maxlabel requires admin privileges (admintoken or DSG admin)");
  const label = labelIn(call.parts[4], "Label 0 is protected background value and cannot be used as max label.\n");
  if (label > LARGEST_POSTED) throw new Refusal(`Posted max label ${label} exceeds allowed cap ${LARGEST_POSTED}`);
  state.raiseMaxLabel(version, label);
  return done;
}

export function nextLabel(state: LabelState, call: Call, version: Version): Answer {
  if (call.method === "GET") return json(`{"nextlabel": ${(state.nextLabel === 0n ? state.maxRepoLabel : state.nextLabel) + 1n}}`);
  specOnly("nextlabel-post");
  const count = call.parts[4];
  if (count === undefined) throw new Refusal("DVID requires number of requested labels to follow POST /nextlabel");
  if (!/^\d+$/.test(count)) throw new Refusal(`strconv.ParseUint: parsing ${JSON.stringify(count)}: invalid syntax`);
  if (BigInt(count) === 0n) throw new Refusal("cannot request 0 new labels, must be 1 or more");
  if (BigInt(count) >= 2n ** 64n - 1n - state.maxRepoLabel) {
    throw new Refusal(
      `allocating ${count} new labels for data ${JSON.stringify(call.parts[2])} would overflow uint64 label space (repo max ${state.maxRepoLabel})`,
    );
  }
  const { start, end } = state.newLabels(version, BigInt(count));
  return json(`{"start": ${start}, "end": ${end}}`);
}
