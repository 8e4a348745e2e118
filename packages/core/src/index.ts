export * from "./errors.ts";
export * from "./engine/index.ts";
export * from "./keyvalue/index.ts";
