/** What is wrong with the bytes of a server's answer. */
import { AxonloomError } from "../../../errors.ts";

const MOST_TEXT = 300;

/** `E_DVID_ANSWER`: the answer ended early, carries an error text, or cannot be read. `tail`: the bytes that do not fit. */
export function badAnswer(what: string, tail: Uint8Array = new Uint8Array(0), cause?: unknown): AxonloomError {
  const said = printable(tail);
  return new AxonloomError(
    "E_DVID_ANSWER",
    `the DVID server's answer cannot be used: ${what}${said === null ? "" : `; it says: ${said}`}; ask again, and if it stays, see the server's log`,
    { what, ...(said === null ? {} : { said }) },
    cause,
  );
}

/** Runs a reader of bytes; what it throws becomes `E_DVID_ANSWER`. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AxonloomError) throw error;
    throw badAnswer(`${what} cannot be read (${error instanceof Error ? error.message : String(error)})`, undefined, error);
  }
}

/** The bytes as a text, where they are one. */
function printable(bytes: Uint8Array): string | null {
  const text = new TextDecoder().decode(bytes.subarray(0, MOST_TEXT)).trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell bytes from text
  return text === "" || /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text) ? null : text;
}
