export * from "./engine/index.ts";
export * from "./errors.ts";
export * from "./geometry/index.ts";
export * from "./keyvalue/index.ts";
export * from "./stitch/index.ts";
export * from "./store/index.ts";
export * from "./workflows/digest.ts";
export * from "./workflows/info.ts";
