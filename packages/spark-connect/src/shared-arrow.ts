/**
 * Bundled functions use the worker's copy of apache-arrow: the batches they get and those they make are then of the same classes, and bundles
 * stay small. The worker puts its copy on `globalThis` under `Symbol.for(SHARED_ARROW)`.
 */
export const SHARED_ARROW = "@axonloom/spark-connect/apache-arrow";
