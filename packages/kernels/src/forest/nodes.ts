/** The nodes of a stored tree, checked as they are read. */
import { KernelError } from "../errors.ts";
import type { VigraForest, VigraTree } from "./types.ts";

export const ROOT = 2;
const LEAF = 0x40000000;
const SPLIT = 0;

export type TreeNode =
  | { readonly leaf: true; readonly weight: number; readonly probabilities: Float64Array }
  | {
      readonly leaf: false;
      readonly column: number;
      readonly threshold: number;
      readonly children: readonly [number, number];
    };

/** The node at a position of `topology`. `E_KERNEL_ARGUMENT` for one that is cut off, leads backwards or is of another kind. */
export function nodeAt(
  { topology, parameters }: VigraTree,
  at: number,
  { columns, classes }: VigraForest,
  where: string,
): TreeNode {
  const type = topology[at];
  const from = topology[at + 1]!;
  if (type === LEAF) {
    if (!(from >= 0 && from + classes < parameters.length)) throw damaged(where, at, "a leaf without its probabilities");
    return { leaf: true, weight: parameters[from]!, probabilities: parameters.subarray(from + 1, from + 1 + classes) };
  }
  if (type === 1 || type === 2) {
    throw damaged(where, at, `a ${type === 1 ? "hyperplane" : "hypersphere"} split; only splits by a threshold can be evaluated`);
  }
  if (type !== SPLIT) throw damaged(where, at, `the unknown node type ${type}`);
  if (at + 4 >= topology.length || !(from >= 0 && from + 1 < parameters.length))
    throw damaged(where, at, "a split that is cut off");
  const children = [topology[at + 2]!, topology[at + 3]!] as const;
  const column = topology[at + 4]!;
  if (!children.every((child) => child > at && child < topology.length - 1))
    throw damaged(where, at, `the children ${children.join(", ")}`);
  if (!(column >= 0 && column < columns)) throw damaged(where, at, `the column ${column} of ${columns}`);
  return { leaf: false, column, threshold: parameters[from + 1]!, children };
}

function damaged(where: string, at: number, found: string): KernelError {
  return new KernelError("E_KERNEL_ARGUMENT", `${where}: expected a split by a threshold or a leaf at ${at}, found ${found}`);
}
