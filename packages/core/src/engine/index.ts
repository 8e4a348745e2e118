export { LocalEngine, type LocalEngineOptions } from "./local/engine.ts";
export { type LocalEngineFactoryOptions, localEngineFactory } from "./local/factory.ts";
export * from "./slots.ts";
export type * from "./types.ts";
