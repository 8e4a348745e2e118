/** Bodies and supervoxels: sizes, indices, mappings, merge, cleave, lists. */
import { type Answer, absent, bytes, type Call, done, json, labelIn, labelList, Panic, Refusal } from "../call.ts";
import { mapEntry, readFields, writeFields } from "../codec/protobuf.ts";
import { specOnly } from "../spec-only.ts";
import type { Version } from "../versions.ts";
import { copyIndex, emptyIndex, type LabelIndex, type LabelState, sizeOf, supervoxelsOf } from "./state.ts";

const NO_BODY = "Label 0 is protected background value and cannot be queried as body.\n";

/** The body that holds a supervoxel. */
const bodyOf = (state: LabelState, version: Version, supervoxel: bigint) =>
  state.mapping.get(version, String(supervoxel)) ?? supervoxel;

function sizeOfLabel(state: LabelState, version: Version, label: bigint, supervoxel: boolean): bigint {
  if (!supervoxel) return sizeOf(state.index(version, label));
  const index = state.index(version, bodyOf(state, version, label));
  return index === undefined ? 0n : (supervoxelsOf(index).get(label) ?? 0n);
}

export function getSize(state: LabelState, call: Call, version: Version): Answer {
  const label = labelIn(call.parts[4], NO_BODY);
  const size = sizeOfLabel(state, version, label, call.query.get("supervoxels") === "true");
  return size === 0n ? absent : json(`{"voxels": ${size}}`);
}

export function getSizes(state: LabelState, call: Call, version: Version): Answer {
  if (call.method !== "GET") throw new Refusal("Batch sizes query must be a GET request");
  const supervoxel = call.query.get("supervoxels") === "true";
  return json(
    `[${labelList(call.body, "Bad mapping request JSON")
      .map((l) => sizeOfLabel(state, version, l, supervoxel))
      .join(",")}]`,
  );
}

export function getSupervoxels(state: LabelState, call: Call, version: Version): Answer {
  const index = state.index(version, labelIn(call.parts[4], NO_BODY));
  return index === undefined ? absent : json(`[${[...supervoxelsOf(index).keys()].join(",")}]`);
}

export function getSupervoxelSizes(state: LabelState, call: Call, version: Version): Answer {
  const index = state.index(version, labelIn(call.parts[4], NO_BODY));
  if (index === undefined) return absent;
  const sizes = supervoxelsOf(index);
  return json(`{\n  "supervoxels": [${[...sizes.keys()].join(",")}],\n  "sizes": [${[...sizes.values()].join(",")}]\n}`);
}

// Indices

function encodeIndex(index: LabelIndex): Buffer {
  return Buffer.concat([
    ...[...index.blocks].map(([key, counts]) => {
      const entries = [...counts].map(([supervoxel, count]) => writeFields([[1, mapEntry(supervoxel, BigInt(count))]]));
      return writeFields([[1, mapEntry(key, Buffer.concat(entries))]]);
    }),
    writeFields([
      [2, index.label],
      [3, index.lastMutid],
      ...([index.lastModTime, index.lastModUser, index.lastModApp] as const).flatMap((text, i): [number, Uint8Array][] =>
        text === "" ? [] : [[4 + i, Buffer.from(text)]],
      ),
    ]),
  ]);
}

function decodeIndex(data: Uint8Array): LabelIndex {
  let label = 0n;
  const texts = ["", "", ""];
  let lastMutid = 0n;
  const blocks = new Map<bigint, Map<bigint, number>>();
  for (const [field, value] of readFields(data)) {
    if (field === 2) label = value as bigint;
    else if (field === 3) lastMutid = value as bigint;
    else if (field >= 4) texts[field - 4] = Buffer.from(value as Uint8Array).toString();
    else {
      const entry = new Map(readFields(value as Uint8Array));
      const counts = new Map<bigint, number>();
      for (const [inner, pair] of readFields((entry.get(2) as Uint8Array | undefined) ?? new Uint8Array())) {
        if (inner !== 1) continue;
        const fields = new Map(readFields(pair as Uint8Array));
        counts.set((fields.get(1) as bigint | undefined) ?? 0n, Number(fields.get(2) ?? 0n));
      }
      blocks.set((entry.get(1) as bigint | undefined) ?? 0n, counts);
    }
  }
  const [lastModTime, lastModUser, lastModApp] = texts as [string, string, string];
  return { label, blocks, lastMutid, lastModTime, lastModUser, lastModApp };
}

function parsed<T>(parse: () => T, what = ""): T {
  try {
    return parse();
  } catch (error) {
    throw new Refusal(`${what}${(error as Error).message}`);
  }
}

/** `index/<label>`: one body. */
export function oneIndex(state: LabelState, call: Call, version: Version): Answer {
  const label = labelIn(call.parts[4], "there is no index for protected label 0");
  if (call.method !== "POST") {
    const index = state.index(version, label);
    return index === undefined ? absent : bytes(encodeIndex(index));
  }
  specOnly("indices-replace");
  const index = parsed(() => decodeIndex(call.body));
  if (index.label !== label) throw new Refusal(`serialized Index was for label ${index.label} yet was POSTed to label ${label}`);
  state.putIndex(version, index);
  return done;
}

/** `indices`: POST replaces each body's index, and deletes where there are no blocks; the ids raise maxlabel, their supervoxels do not. */
export function indices(state: LabelState, call: Call, version: Version): Answer {
  if (call.method === "POST") {
    specOnly("indices-replace");
    const list = parsed(
      () => readFields(call.body).map(([, data]) => decodeIndex(data as Uint8Array)),
      "error putting protobuf label indices: ",
    );
    for (const [i, { label }] of list.entries()) {
      if (label === 0n)
        throw new Refusal(`error putting protobuf label indices: index ${i} had label 0, which is a reserved label`);
    }
    let largest = 0n;
    for (const index of list) {
      state.putIndex(version, index);
      if (index.blocks.size > 0 && index.label > largest) largest = index.label;
    }
    state.raiseMaxLabel(version, largest);
    return done;
  }
  const labels = labelList(call.body, "error getting protobuf label indices: expected JSON label list");
  if (labels.length > 50_000)
    throw new Refusal(
      `error getting protobuf label indices: only 50,000 label indices can be returned at a time, ${labels.length} given`,
    );
  return bytes(
    Buffer.concat(labels.map((label) => writeFields([[1, encodeIndex(state.index(version, label) ?? emptyIndex(label))]]))),
  );
}

export function listLabels(state: LabelState, call: Call, version: Version): Answer {
  const start = BigInt(call.query.get("start") ?? "0");
  const number = Math.min(Number(call.query.get("number") ?? "10000000"), 10_000_000);
  const sizes = call.query.get("sizes") === "true";
  const labels = existing(state, version)
    .filter((label) => label >= start)
    .slice(0, number);
  const words = labels.flatMap((label) => (sizes ? [label, sizeOf(state.index(version, label))] : [label]));
  return bytes(new Uint8Array(BigUint64Array.from(words).buffer));
}

export const existingLabels = (state: LabelState, version: Version): Answer => json(`[${existing(state, version).join(",")}]`);

const existing = (state: LabelState, version: Version): bigint[] =>
  [...state.indices.entries(version)].map(([, index]) => index.label).sort((a, b) => (a < b ? -1 : 1));

// Mappings

export function getMapping(state: LabelState, call: Call, version: Version): Answer {
  if (call.method !== "GET") throw new Refusal("Batch mapping query must be a GET request");
  const noLookup = call.query.get("nolookup") === "true";
  const bodies = labelList(call.body, "Bad mapping request JSON").map((supervoxel) => {
    const mapped = state.mapping.get(version, String(supervoxel));
    if (mapped !== undefined) return mapped;
    if (noLookup) return supervoxel;
    const index = state.index(version, supervoxel);
    return index !== undefined && supervoxelsOf(index).has(supervoxel) ? supervoxel : 0n;
  });
  return json(`[${bodies.join(",")}]`);
}

export function mappings(state: LabelState, call: Call, version: Version): Answer {
  if (call.method === "POST") {
    const list = parsed(() => readFields(call.body).map(([, operation]) => readFields(operation as Uint8Array)));
    for (const fields of list) {
      const body = (new Map(fields).get(2) as bigint | undefined) ?? 0n;
      for (const [field, value] of fields) {
        if (field !== 3) continue;
        for (const supervoxel of typeof value === "bigint" ? [value] : unpacked(value))
          state.mapping.set(version, String(supervoxel), body);
      }
    }
    return done;
  }
  const pairs = [...state.mapping.entries(version)]
    .map(([from, to]) => [BigInt(from), to] as const)
    .filter(([from, to]) => from !== to);
  if (call.query.get("format") === "binary") return bytes(new Uint8Array(BigUint64Array.from(pairs.flat()).buffer));
  return { type: "text/plain; charset=utf-8", body: pairs.map(([from, to]) => `${from} ${to}\n`).join("") };
}

/** A packed list of varints. */
function unpacked(data: Uint8Array): bigint[] {
  const values: bigint[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of data) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte >= 128) continue;
    values.push(value);
    [value, shift] = [0n, 0n];
  }
  return values;
}

// Merge and cleave

function sign(index: LabelIndex, mutation: bigint, call: Call): void {
  index.lastMutid = mutation;
  index.lastModTime = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  index.lastModUser = call.query.get("u") ?? "";
  index.lastModApp = call.query.get("app") ?? "";
}

export function merge(state: LabelState, call: Call, version: Version): Answer {
  if (call.method !== "POST") throw new Refusal("Merge requests must be POST actions.");
  const [target, ...others] = labelList(call.body, "Bad merge op JSON, must be list of numbers");
  if (target === undefined) throw new Panic("runtime error: index out of range [0] with length 0");
  if (others.length === 0) throw new Refusal(`invalid merge tuple [${target}], need at least target and to-merge labels`);
  const merged = new Set(others);
  const mutation = state.newMutation();
  for (const label of merged) {
    if (state.index(version, label) === undefined) throw new Refusal(`Error on merge: can't merge non-existent label ${label}`);
  }
  const old = state.index(version, target);
  if (old === undefined) throw new Refusal(`Error on merge: can't merge into a non-existent label ${target}`);
  // The mapping is changed first, and stays so when the indices turn out not to fit.
  for (const label of merged)
    for (const supervoxel of supervoxelsOf(state.index(version, label)!).keys())
      state.mapping.set(version, String(supervoxel), target);
  const index = copyIndex(old);
  for (const label of merged)
    for (const [key, counts] of state.index(version, label)!.blocks) {
      const into = index.blocks.get(key) ?? new Map<bigint, number>();
      for (const [supervoxel, count] of counts) {
        if (into.has(supervoxel))
          throw new Refusal(`Error on merge: supervoxel ${supervoxel} already in index for target label ${target}`);
        into.set(supervoxel, count);
      }
      index.blocks.set(key, into);
    }
  for (const label of merged) state.putIndex(version, emptyIndex(label));
  sign(index, mutation, call);
  state.putIndex(version, index);
  return json(`{"MutationID": ${mutation}}`);
}

/** The new body's id is used up whether or not the cleave is refused, and maps to 0: it is no supervoxel. */
export function cleave(state: LabelState, call: Call, version: Version): Answer {
  if (call.method !== "POST") throw new Refusal("Cleave requests must be POST actions.");
  const label = labelIn(call.parts[4], "Label 0 is protected background value and cannot be used as cleave target\n");
  const { start: cleaved } = state.newLabels(version, 1n);
  const chosen = new Set(labelList(call.body, "bad cleave supervoxels JSON"));
  const mutation = state.newMutation();
  const old = state.index(version, label);
  if (old === undefined) throw new Refusal(`cannot cleave non-existent label ${label}`);
  const own = supervoxelsOf(old);
  for (const supervoxel of chosen) {
    // One that is mapped to the body but lies nowhere goes with the others.
    if (!own.has(supervoxel) && state.mapping.get(version, String(supervoxel)) !== label) {
      throw new Refusal(`cannot cleave supervoxel ${supervoxel}, which does not exist in label ${label} (${call.parts[2]})`);
    }
  }
  if ([...own.keys()].every((supervoxel) => chosen.has(supervoxel)))
    throw new Refusal(`cannot cleave all supervoxels from the label ${label}`);
  const [rest, part] = [copyIndex(old), emptyIndex(cleaved)];
  for (const [key, counts] of rest.blocks) {
    for (const supervoxel of chosen) {
      const count = counts.get(supervoxel);
      if (count === undefined) continue;
      part.blocks.set(key, (part.blocks.get(key) ?? new Map<bigint, number>()).set(supervoxel, count));
      counts.delete(supervoxel);
    }
    if (counts.size === 0) rest.blocks.delete(key);
  }
  for (const index of [rest, part]) {
    sign(index, mutation, call);
    state.keepIndex(version, index);
  }
  for (const supervoxel of chosen) state.mapping.set(version, String(supervoxel), cleaved);
  if (chosen.size > 0) state.mapping.set(version, String(cleaved), 0n);
  return json(`{"CleavedLabel": ${cleaved}, "MutationID": ${mutation}}`);
}
