/** The command as a function. */
export { EXIT, type ExitCode } from "./exit-codes.ts";
export { main } from "./main.ts";
