/** What a DVID server says, in the words and codes of this program. Nearly every failure is a 400, so its text has to tell. */
import { AxonloomError, type ErrorCode } from "../../errors.ts";

/** An answer that is no success. */
export interface Refusal {
  readonly status: number;
  /** The server's text, without tokens. */
  readonly text: string;
  /** As in `GET http://host:8000/api/node/…`, without the query. */
  readonly request: string;
}

interface Reading {
  readonly code: ErrorCode;
  /** `place`: the version that was asked, as a name for the command line; the server where none was. */
  advice(place: string): string;
}

export const ADMIN_ADVICE =
  "start the server with DVID_ADMIN_TOKEN=…, and give this program the same value as AXONLOOM_DVID_ADMIN_TOKEN, or its file as AXONLOOM_DVID_ADMIN_TOKEN_FILE";

const READINGS: readonly (readonly [RegExp, Reading])[] = [
  [
    /needs a writable log/,
    {
      code: "E_DVID_SERVER",
      advice: () =>
        'label instances need a log store: in the server\'s TOML give [backend.default] a line log = "mutlog" and add [store.mutlog] with engine = "filelog" and a path, then start it again',
    },
  ],
  [
    /requires admin privileges|admintoken/i,
    {
      code: "E_DVID_DENIED",
      advice: () => ADMIN_ADVICE,
    },
  ],
  [
    /can't branch an unlocked node/,
    {
      code: "E_DVID_VERSION",
      advice: (place) =>
        `only a committed version has versions after it: \`axonloom dvid new-version ${place} --commit\` commits it first`,
    },
  ],
  [/\blocked node/i, { code: "E_DVID_LOCKED", advice: lockedAdvice }],
  [
    /could not find UUID|more than one UUID|branch .* not found/i,
    { code: "E_DVID_VERSION", advice: (place) => `\`axonloom info ${serverOf(place)}\` lists the server's versions` },
  ],
  [
    /branch already exists/,
    {
      code: "E_DESTINATION_EXISTS",
      advice: (place) => `take another branch (--branch NAME); \`axonloom info ${place}\` lists the versions that there are`,
    },
  ],
  [
    /invalid data instance name/,
    { code: "E_SOURCE_NOT_FOUND", advice: (place) => `\`axonloom info ${place}\` lists the instances` },
  ],
  [/already exists/, { code: "E_DESTINATION_EXISTS", advice: () => "choose another name" }],
];

/** What to do about a version that is locked. `place`: `dvid://host/<version>`. */
export function lockedAdvice(place: string): string {
  return `a committed version is never changed: make one after it with \`axonloom dvid new-version ${place}\`, and write to that`;
}

/** The error for an answer that is no success. */
export function refusalError(refusal: Refusal): AxonloomError {
  const { status, text, request } = refusal;
  const said = text === "" ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
  const { code, advice } = readingOf(refusal);
  return new AxonloomError(code, `${request}: the server answered ${said}; ${advice(placeOf(request))}`, { ...refusal });
}

function placeOf(request: string): string {
  const found = /^\w+ (?:http:\/\/)?(.*?)\/api\/(?:(?:node|repo)\/([^/]+))?/.exec(request);
  if (found === null) return "dvid://…";
  return `dvid://${found[1]}${found[2] === undefined ? "" : `/${found[2]}`}`;
}

function serverOf(place: string): string {
  return place.replace(/^(dvid:\/\/(?:https:\/\/)?[^/]*).*$/, "$1");
}

function readingOf({ status, text }: Refusal): Reading {
  for (const [pattern, reading] of READINGS) if (pattern.test(text)) return reading;
  if (status === 401) {
    return {
      code: "E_DVID_DENIED",
      advice: () =>
        "it wants to know who asks: give its token as AXONLOOM_DVID_TOKEN, or the token's file as AXONLOOM_DVID_TOKEN_FILE",
    };
  }
  if (status === 403 || status === 429) {
    return { code: "E_DVID_DENIED", advice: () => "ask the people who run the server for the right, or use another token" };
  }
  if (status === 502 || status === 503 || status === 504) {
    return { code: "E_DVID_UNREACHABLE", advice: () => "it is too busy or about to stop: run again later" };
  }
  if (status === 404) return { code: "E_SOURCE_NOT_FOUND", advice: () => "check the name; is it a DVID server?" };
  return { code: "E_DVID_FAILED", advice: () => "its log may say more" };
}
