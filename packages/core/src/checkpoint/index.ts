export * from "./container.ts";
export * from "./fingerprint.ts";
export * from "./labels.ts";
