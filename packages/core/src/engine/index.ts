export { LocalEngine, type LocalEngineOptions } from "./local/engine.ts";
export { type LocalEngineFactoryOptions, localEngineFactory } from "./local/factory.ts";
export * from "./slots.ts";
export { type SparkEngineFactoryOptions, sparkEngineFactory } from "./spark/factory.ts";
export { type InstalledSpark, installSpark } from "./spark/install.ts";
export { type SparkServer, type SparkServerOptions, startSparkServer } from "./spark/server.ts";
export type * from "./types.ts";
