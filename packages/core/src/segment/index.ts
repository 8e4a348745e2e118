/**
 * The segmentor and its plug-ins.
 *
 * @example
 * const segmentor = await createSegmentor({ class: "Segmentor", configuration: defaultSteps() });
 * const labels = await segmentor.segment({ subvolume: 0, bordered, core, voxelSizeNm, gray, inside: null, … });
 */
export { BUILT_INS, type BuiltIn } from "./builtins.ts";
export { DefaultSegmentor } from "./default-segmentor.ts";
export { DEFAULT_FUNCTIONS, defaultSteps, stepOf } from "./default-steps.ts";
export { setIsolatedHost } from "./isolation.ts";
export { estimateBytes, estimateWriteBytes, USER_BYTES_PER_VOXEL } from "./memory.ts";
export { checkStep, pluginFingerprint, resolveStep } from "./plugins.ts";
export { createSegmentor, segmentorFingerprint } from "./segmentor.ts";
export * from "./types.ts";
