/** Growing of decision trees and forests from rows of features; what becomes of them is the matter of `vote-forest` and `forest`. */
export { type GrownForest, growForest } from "./bootstrap.ts";
export type { GrownNodes, GrowOptions } from "./grow.ts";
export { RandomIntegers } from "./random.ts";
export { type Table, tableOf } from "./table.ts";
