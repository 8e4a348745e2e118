/** What a server may want to know of its client, from the environment or a file; never part of a message, a log or a configuration. */
import { readFileSync } from "node:fs";
import { AxonloomError } from "../../errors.ts";
import { reasonOf } from "../../fs-errors.ts";

export interface DvidTokens {
  /** Sent with every call, as `Authorization: Bearer`. */
  readonly bearer: string | null;
  /** Sent only with calls that need it: its holder may write to locked versions. */
  readonly admin: string | null;
}

/** From AXONLOOM_DVID_TOKEN and AXONLOOM_DVID_ADMIN_TOKEN, or the files that these names with `_FILE` name. `E_DVID_DENIED`. */
export function tokensFrom(environment: Readonly<Record<string, string | undefined>> = process.env): DvidTokens {
  return {
    bearer: tokenFrom(environment, "AXONLOOM_DVID_TOKEN"),
    admin: tokenFrom(environment, "AXONLOOM_DVID_ADMIN_TOKEN"),
  };
}

function tokenFrom(environment: Readonly<Record<string, string | undefined>>, variable: string): string | null {
  const direct = environment[variable];
  const file = environment[`${variable}_FILE`];
  if (direct) return checked(direct.trim(), variable);
  if (!file) return null;
  try {
    return checked(readFileSync(file, "utf8").trim(), `${variable}_FILE`);
  } catch (error) {
    if (error instanceof AxonloomError) throw error;
    const message = `${variable}_FILE names ${file}, which cannot be read (${reasonOf(error)}); expected a file with nothing but the token`;
    throw new AxonloomError("E_DVID_DENIED", message, { variable: `${variable}_FILE`, file }, error);
  }
}

function checked(token: string, variable: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AxonloomError("E_DVID_DENIED", `${variable} gives no token: expected printable letters and digits without spaces`, {
    variable,
  });
}

/** The text without the tokens that it may repeat from a request. */
export function withoutTokens(text: string, { bearer, admin }: DvidTokens): string {
  let clean = text;
  for (const token of [bearer, admin]) {
    if (token === null) continue;
    for (const form of [token, encodeURIComponent(token), new URLSearchParams({ t: token }).toString().slice(2)]) {
      clean = clean.replaceAll(form, "***");
    }
  }
  return clean;
}
