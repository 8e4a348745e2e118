/** What the resolved matches of a run are to its writing; held by the driver here, left with the tasks in `resolve-in-tasks.ts`. */
import type { CallOptions } from "../../call-options.ts";
import type { CheckpointName } from "../../checkpoint/index.ts";
import type { Dataset, Engine, JobOptions, Keyed } from "../../engine/index.ts";
import { type IndexPairs, localMapping, resolveMatches } from "../../stitch/resolve.ts";
import { positionOf } from "../../stitch/sorted.ts";
import { subvolumeKey } from "./context.ts";
import { mappingFingerprint } from "./resolve-stages.ts";
import type { WriteTask, WrittenRow, WrittenSummary } from "./write-stage.ts";

export interface Resolution {
  readonly matches: number;
  /** SHA-256 of each subvolume's part of the mapping, by subvolume id. */
  readonly fingerprints: readonly string[];
  /** Gives each subvolume its part. `tasks`: by subvolume id. */
  writeTasks(tasks: Iterable<Omit<WriteTask, "mapping">>): Dataset<WriteTask>;
  /** Collects what was written, to be called before `bodies`. */
  summaries(written: Dataset<WrittenRow>, options: JobOptions): AsyncIterable<Keyed<WrittenSummary>>;
  /** Bodies of several segments, of which a voxel was written. `names`: of the written marks, by subvolume id. */
  bodies(names: Iterable<CheckpointName>, options: CallOptions): Promise<number>;
  /** Forgets the mapping. */
  free(): Promise<void>;
}

/** @param offsets segment index just before the first segment of each subvolume; `counts`: its segments. */
export function resolveInDriver(
  engine: Engine,
  pairs: IndexPairs,
  { offsets, counts }: { readonly offsets: readonly number[]; readonly counts: readonly number[] },
): Resolution {
  const mapping = resolveMatches(pairs);
  const part = (id: number) => localMapping(mapping, offsets[id]!, counts[id]!);
  // By the place of a root among the members.
  const present = new Uint8Array(mapping.members.length);
  return {
    matches: pairs.a.length,
    fingerprints: offsets.map((_, id) => mappingFingerprint(part(id))),
    writeTasks: (tasks) => {
      const rows = function* () {
        let id = 0;
        for (const task of tasks) yield { key: subvolumeKey(id), value: { ...task, mapping: part(id++) } };
      };
      return engine.parallelize(rows());
    },
    async *summaries(written, options) {
      for await (const row of written.collect(options)) {
        const { roots } = part(row.value.subvolume);
        row.value.present.forEach((flag, m) => {
          if (flag === 1) present[positionOf(mapping.members, roots[m]!)] = 1;
        });
        yield row;
      }
    },
    bodies: async () => present.reduce((sum, flag) => sum + flag, 0),
    free: async () => {},
  };
}
