/** References to the stages of `stages.ts`, typed by the stage itself. */
import type { Stage, StageRef } from "../engine/types.ts";
import type * as stages from "./stages.ts";

type Stages = typeof stages;
type RefTo<S> = S extends Stage<infer In, infer Out, infer P> ? StageRef<In, Awaited<Out>, P> : never;

const MODULE = new URL("./stages.js", import.meta.url).href;

export function stageRef<Name extends keyof Stages>(name: Name): RefTo<Stages[Name]> {
  return { module: MODULE, export: name } as RefTo<Stages[Name]>;
}
