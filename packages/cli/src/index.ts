/**
 * The command as a function.
 *
 * @example
 * const code = await main(["info", "gray.npy"]);
 */
export { EXIT, type ExitCode } from "./exit-codes.ts";
export { main } from "./main.ts";
export { cliReferenceMarkdown } from "./reference.ts";
