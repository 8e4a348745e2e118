/**
 * Spark's connection string, `sc://host:port/;key=value;key=value`. Keys: `token`, `use_ssl`, `user_id`, `user_agent`, `session_id`;
 * every other key is sent as a header with each call, as Spark's own clients do.
 */
import { SparkConnectError } from "../errors.ts";

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  readonly useSsl: boolean;
  readonly userId: string | null;
  readonly userAgent: string | null;
  readonly sessionId: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 15002;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * `token`: used when the string has none. With a token TLS is on unless the host is loopback; `use_ssl` overrides.
 * Throws `E_SPARK_CONNECTION_STRING`, and `E_SPARK_TOKEN_PLAINTEXT` for a token without TLS to another host. Messages never show the token.
 */
export function parseConnectionString(text: string, token?: string): ConnectionTarget {
  if (!text.startsWith("sc://")) throw malformed('a string that starts with "sc://"', text.split("://")[0] ?? "");
  const [address = "", ...rest] = text.slice("sc://".length).split("/");
  const { host, port } = parseAddress(address);
  const parameters = parseParameters(rest.join("/"));
  const take = (key: string): string | null => {
    const value = parameters.get(key) ?? null;
    parameters.delete(key);
    return value;
  };
  const secret = take("token") ?? token ?? null;
  const loopback = isLoopback(host);
  const useSsl = parseFlag("use_ssl", take("use_ssl")) ?? (secret !== null && !loopback);
  if (secret !== null && !useSsl && !loopback) {
    throw new SparkConnectError(
      "E_SPARK_TOKEN_PLAINTEXT",
      `a token for ${host}:${port} would travel unencrypted (use_ssl=false); use TLS, or connect through a tunnel to a loopback address`,
      { host, port },
    );
  }
  const sessionId = take("session_id");
  if (sessionId !== null && !UUID.test(sessionId)) throw malformed("a UUID as session_id", sessionId);
  const [userId, userAgent] = [take("user_id"), take("user_agent")];
  return { host, port, token: secret, useSsl, userId, userAgent, sessionId, headers: Object.fromEntries(parameters) };
}

/** True for localhost, 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]@;=\s]+))(?::(\d{1,5}))?$/.exec(address);
  if (match === null) throw malformed("host or host:port after sc://", address.split("@").at(-1) ?? "");
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (port < 1 || port > 65535) throw malformed("a port from 1 to 65535", String(port));
  return { host: match[1] ?? match[2]!, port };
}

function parseParameters(path: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const [before = "", ...pairs] = path.split(";");
  if (before !== "") throw malformed('parameters after "/;"', before.split("=")[0] ?? "");
  for (const pair of pairs) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    if (at < 1 || at === pair.length - 1) throw malformed("parameters key=value, parted by ;", at < 0 ? pair : pair.slice(0, at));
    const key = decode(pair.slice(0, at));
    if (parameters.has(key)) throw malformed(`"${key}" once`, "it twice");
    parameters.set(key, decode(pair.slice(at + 1)));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed("percent-encoded text", "a % that is none");
  }
}

function parseFlag(key: string, value: string | null): boolean | null {
  if (value === null) return null;
  if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === "true";
  throw malformed(`${key}=true or ${key}=false`, value);
}

function malformed(expected: string, found: string): SparkConnectError {
  return new SparkConnectError(
    "E_SPARK_CONNECTION_STRING",
    `expected ${expected} in the connection string, found ${JSON.stringify(found)}; for instance sc://localhost:15002/;user_id=me`,
    { expected, found },
  );
}
