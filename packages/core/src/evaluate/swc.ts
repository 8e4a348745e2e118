/** Skeletons in the SWC format: a line a node, `id type x y z radius parent`, parent -1 at a root, `#` before comments. */
import { AxonloomError } from "../errors.ts";
import type { Xyz } from "./result.ts";

export interface Skeleton {
  readonly name: string;
  /** Places of the nodes, in the unit of the file. */
  readonly nodes: readonly Xyz[];
  /** Of each node the position of its parent, -1 at a root. */
  readonly parents: readonly number[];
}

/** Reads one file's text. `E_EVALUATE` names the line that is wrong: also a node whose parents lead to no root. Parents may stand after their children. */
export function parseSwc(text: string, name: string): Skeleton {
  const positions = new Map<number, number>();
  const nodes: Xyz[] = [];
  const lines: { readonly line: number; readonly parent: number }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.replace(/#.*/, "").trim();
    if (content === "") continue;
    const fields = content.split(/[\s,]+/).map(Number);
    const [id, , x, y, z, , parent] = fields;
    if (fields.length < 7 || !fields.slice(0, 5).every(Number.isFinite) || !Number.isInteger(id) || !Number.isInteger(parent)) {
      throw wrong(name, index, `expected id, type, x, y, z, radius, parent, found "${content.slice(0, 60)}"`);
    }
    if (positions.has(id!)) throw wrong(name, index, `node ${id} is there twice`);
    positions.set(id!, nodes.length);
    nodes.push([x!, y!, z!]);
    lines.push({ line: index, parent: parent! });
  }
  const parents = lines.map(({ line, parent }) => {
    if (parent < 0) return -1;
    const position = positions.get(parent);
    if (position === undefined) throw wrong(name, line, `its parent ${parent} is not in the file`);
    return position;
  });
  refuseCycles(name, parents, lines);
  return { name, nodes, parents };
}

function refuseCycles(name: string, parents: readonly number[], lines: readonly { readonly line: number }[]): void {
  const seen = new Uint8Array(parents.length); // 1: on the way from this start, 2: leads to a root
  for (const start of parents.keys()) {
    const way: number[] = [];
    let node = start;
    for (; node >= 0 && seen[node] === 0; node = parents[node]!) {
      seen[node] = 1;
      way.push(node);
    }
    if (node >= 0 && seen[node] === 1) throw wrong(name, lines[node]!.line, "its parents lead back to it, and to no root");
    for (const passed of way) seen[passed] = 2;
  }
}

function wrong(name: string, index: number, why: string): AxonloomError {
  return new AxonloomError("E_EVALUATE", `${name}, line ${index + 1}: ${why}; correct the skeleton`, { name, line: index + 1 });
}
