/** The command line: arguments in, exit code out. */
import { type AxonloomError, ERRORS, isAxonloomError } from "@axonloom/core";
import { CommanderError } from "commander";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { catchInterrupts } from "./interrupt.ts";
import { dropWhenClosed, say } from "./output.ts";
import { createProgram } from "./program.ts";

/** Runs one command. @param args without the program's name, e.g. `["info", "volume.npy"]`. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  dropWhenClosed();
  const interrupt = catchInterrupts();
  let code: ExitCode = EXIT.done;
  const program = createProgram({
    signal: interrupt.signal,
    end(result) {
      code = result;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return reportError(error, interrupt.signal);
  } finally {
    interrupt.release();
  }
}

function reportError(error: unknown, signal: AbortSignal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.user; // commander has said it
  if (signal.aborted) {
    say(`axonloom: ${isAxonloomError(error) ? describe(error) : "E_INTERRUPTED: interrupted"}`);
    return EXIT.interrupted;
  }
  if (isAxonloomError(error)) {
    say(`axonloom: ${describe(error)}`);
    return ERRORS[error.code].kind === "user" ? EXIT.user : EXIT.failed;
  }
  say("axonloom: unexpected error; please report it with the lines below");
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

function describe({ code, message }: AxonloomError): string {
  return `${code}: ${message}`;
}
