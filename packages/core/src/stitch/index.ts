export * from "./evidence-codec.ts";
export * from "./overlap.ts";
export * from "./policy.ts";
export * from "./relabel.ts";
export * from "./resolve.ts";
export * from "./segment-ids.ts";
export * from "./types.ts";
