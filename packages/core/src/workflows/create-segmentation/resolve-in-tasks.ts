/**
 * Resolves matches in the tasks, by hierarchical contraction (`stitch/contract.ts`), for runs with more matches than the driver should hold.
 *
 *   matches of faces ─▶ super-blocks of level 1 ─▶ level 2 ─▶ … ─▶ one        up: contract, one row a super-block
 *   parts of subvolumes ◀────────── level 1 ◀───── level 2 ◀─ … ◀─┘           down: settle, by cogroup
 */
import type { CallOptions } from "../../call-options.ts";
import type { Dataset, Engine, Keyed } from "../../engine/index.ts";
import type { Contracted } from "../../stitch/contract.ts";
import type { Mapping } from "../../stitch/resolve.ts";
import { stageRef } from "../stage-ref.ts";
import { subvolumeKey } from "./context.ts";
import type { Resolution } from "./resolve.ts";
import { mappingFingerprint } from "./resolve-stages.ts";
import type { FaceMatches } from "./stitch-stages.ts";
import type { SuperBlocks } from "./super-blocks.ts";

/** Super-blocks of this level tell their present roots together: 512 subvolumes. */
const ROOTS_LEVEL = 3;
/** About so many matches stand behind the roots that one task counts. */
const MATCHES_A_HAND = 4_000_000;

const STEP = { label: "resolve" };

/** @param matchesAt the matches of all faces whose sides meet at that level of the super-blocks. */
export async function resolveInTasks(
  { engine, runFolder }: { readonly engine: Engine; readonly runFolder: string },
  superBlocks: SuperBlocks,
  matchesAt: (level: number) => Dataset<FaceMatches>,
  options: CallOptions = {},
): Promise<Resolution> {
  const { levels, offsets } = superBlocks;
  const blocks = await engine.broadcast(superBlocks);
  const decided: Dataset<FaceMatches>[] = [];
  for (let level = 1; level <= levels; level++) {
    // Those above level 1 are read twice: the smallest super-blocks must know what leaves them.
    decided.push(level === 1 ? matchesAt(1) : await matchesAt(level).persist(options));
  }
  const contracted: Dataset<Contracted>[] = [];
  for (let level = 1; level <= levels; level++) {
    const here = decided[level - 1]!.flatMap(stageRef("meetMatches"), { blocks, level }, STEP);
    const others =
      level > 1
        ? [contracted[level - 2]!.flatMap(stageRef("passUp"), null, STEP)]
        : decided.slice(1).map((rows, i) => rows.flatMap(stageRef("leaveMatches"), { blocks, level: i + 2 }, STEP));
    const shares = here.union(...others).groupByKey();
    contracted.push(await shares.map(stageRef("contractBlock"), { level }, STEP).persist(options));
  }
  for (const rows of decided.slice(1)) await rows.unpersist();

  let above: Dataset<Mapping> = engine.parallelize<Mapping>([]);
  for (let level = levels; level >= 1; level--) {
    above = contracted[level - 1]!.cogroup(above).flatMap(stageRef("settleBlock"), { blocks, level }, STEP);
  }
  const parts = await above.map(stageRef("toLocalMapping"), { blocks }, STEP).persist(options);
  let matches = 0;
  for await (const { value } of contracted.at(-1)!.map(stageRef("matchesOf"), null, STEP).collect(options)) matches += value;
  for (const rows of contracted) await rows.unpersist();

  const fingerprints = new Array<string>(offsets.length).fill(mappingFingerprint());
  for await (const { key, value } of parts.map(stageRef("mappingFingerprint"), null, STEP).collect(options)) {
    fingerprints[Number(key)] = value;
  }
  const hands = Math.max(1, Math.ceil(matches / MATCHES_A_HAND));
  const level = Math.min(ROOTS_LEVEL, levels);
  return {
    matches,
    fingerprints,
    writeTasks: (tasks) => engine.parallelize(bySubvolume(tasks)).cogroup(parts).map(stageRef("withMapping"), null, STEP),
    summaries: (written, options) => written.map(stageRef("withoutPresent"), null, { label: "write" }).collect(options),
    async bodies(names, options) {
      const roots = engine
        .parallelize(bySubvolume(names))
        .cogroup(parts)
        .flatMap(stageRef("presentRoots"), { runFolder, blocks, level }, STEP)
        .groupByKey()
        .flatMap(stageRef("dealRoots"), { hands }, STEP)
        .groupByKey();
      let bodies = 0;
      for await (const { value } of roots.map(stageRef("countDistinct"), null, STEP).collect(options)) bodies += value;
      return bodies;
    },
    free: () => parts.unpersist(),
  };
}

function* bySubvolume<T>(list: Iterable<T>): Generator<Keyed<T>> {
  let id = 0;
  for (const value of list) yield { key: subvolumeKey(id++), value };
}
