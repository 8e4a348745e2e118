/**
 * The configuration of a run.
 *
 * ```ts
 * const config = await loadConfig("my-volume.yml");
 * console.log(config.chunk, config.stitch.algorithm);
 * ```
 */
export { defaultConfigText } from "./default-text.ts";
export { configJsonSchema, editorJsonSchema, type JsonSchema } from "./json-schema.ts";
export { loadConfig, loadStep } from "./load.ts";
export { type ParseConfigOptions, parseConfig } from "./parse.ts";
export { configReferenceMarkdown } from "./reference.ts";
export * from "./types.ts";
