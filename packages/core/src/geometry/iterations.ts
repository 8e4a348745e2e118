/** Iterations: groups of subvolumes that are processed and checkpointed together, one group after another. */

/** Number of iterations for `n` subvolumes at about `size` each; size 0 = all in one. */
export function iterationCount(n: number, size: number): number {
  return n === 0 ? 0 : size <= 0 ? 1 : Math.ceil(n / size);
}

/** The iteration of a subvolume: id mod iterations (round robin, so that each iteration sees the whole volume). */
export function iterationOf(id: number, iterations: number): number {
  return id % iterations;
}

/** The subvolume ids 0 … n − 1 of each iteration, ascending. */
export function splitIterations(n: number, size: number): number[][] {
  const count = iterationCount(n, size);
  const groups: number[][] = Array.from({ length: count }, () => []);
  for (let id = 0; id < n; id++) groups[iterationOf(id, count)]!.push(id);
  return groups;
}
