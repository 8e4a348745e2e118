export { LocalEngine, type LocalEngineOptions } from "./local/engine.ts";
export * from "./slots.ts";
export type * from "./types.ts";
