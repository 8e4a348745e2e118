/** Plain calls to a server, a connection each: for tests of the server itself. GET with a body and its length, as DVID wants it. */
import { request } from "node:http";

export interface Reply {
  readonly status: number;
  readonly type: string | null;
  readonly encoding: string | null;
  readonly body: Buffer;
  readonly text: string;
}

export type Query = Readonly<Record<string, string>>;

/** Rejects when the connection breaks before the whole answer. */
export function callServer(
  url: string,
  method: string,
  path: string,
  query: Query = {},
  body: Uint8Array | string = "",
): Promise<Reply> {
  const data = Buffer.from(body);
  const search = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const headers = { "Content-Length": data.length, Connection: "close" };
    const call = request(`${url}${path}${search === "" ? "" : `?${search}`}`, { method, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const whole = Buffer.concat(parts);
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers["content-type"] ?? null,
          encoding: response.headers["content-encoding"] ?? null,
          body: whole,
          text: whole.toString(),
        });
      });
    });
    call.once("error", reject);
    call.end(data);
  });
}
