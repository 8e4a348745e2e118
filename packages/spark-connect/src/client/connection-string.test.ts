import fc from "fast-check";
import { expect, test } from "vitest";
import { isLoopback, parseConnectionString } from "./connection-string.ts";

test("all parts", () => {
  expect(parseConnectionString("sc://spark.example.org:8443/;use_ssl=true;token=a%3Bb;user_id=me;x-team=maps")).toEqual({
    host: "spark.example.org",
    port: 8443,
    token: "a;b",
    useSsl: true,
    userId: "me",
    userAgent: null,
    sessionId: null,
    headers: { "x-team": "maps" },
  });
  expect(parseConnectionString("sc://localhost")).toMatchObject({ host: "localhost", port: 15002, useSsl: false, token: null });
  expect(parseConnectionString("sc://[::1]:1/")).toMatchObject({ host: "::1", port: 1 });
  const sessionId = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  expect(parseConnectionString(`sc://h/;session_id=${sessionId};user_agent=me`)).toMatchObject({ sessionId, userAgent: "me" });
});

test("a token brings TLS, except on loopback, and never travels unencrypted", () => {
  expect(parseConnectionString("sc://far/;token=t").useSsl).toBe(true);
  expect(parseConnectionString("sc://far", "t")).toMatchObject({ useSsl: true, token: "t" });
  expect(parseConnectionString("sc://127.0.0.1/;token=t").useSsl).toBe(false);
  expect(parseConnectionString("sc://localhost/;token=t;use_ssl=TRUE").useSsl).toBe(true);
  expect(parseConnectionString("sc://far/;token=mine", "other").token).toBe("mine");
  for (const host of ["far", "128.0.0.1", "localhost.example.org", "127.0.0.1.example.org"]) {
    expect(() => parseConnectionString(`sc://${host}/;token=hidden;use_ssl=false`)).toThrow(
      expect.objectContaining({ code: "E_SPARK_TOKEN_PLAINTEXT", message: expect.not.stringContaining("hidden") }),
    );
  }
});

test("malformed strings", () => {
  const strings = [
    "",
    "http://x",
    "sc://",
    "sc://h:0",
    "sc://h:65536",
    "sc://h:x",
    "sc://h/path",
    "sc://h/;a",
    "sc://h/;=b",
    "sc://h/;a=",
  ];
  for (const text of [...strings, "sc://h/;use_ssl=yes", "sc://h/;a=%", "sc://h/;a=1;a=2", "sc://h/;session_id=1", "sc://u:p@h"]) {
    expect(() => parseConnectionString(text), text).toThrow(expect.objectContaining({ code: "E_SPARK_CONNECTION_STRING" }));
  }
});

test("any string is parsed or refused with a code; a token never shows", () => {
  const part = fc.constantFrom("sc://", "host", ":", "80", "/", ";", "token=s3cret", "use_ssl=false", "=", "[", "]", "@", "%", "a");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => `sc://${parts.join("")}`),
      ),
      (text) => {
        try {
          const { token, useSsl, host } = parseConnectionString(text);
          expect(token === null || useSsl || isLoopback(host)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^E_SPARK_(CONNECTION_STRING|TOKEN_PLAINTEXT)$/) });
        }
      },
    ),
  );
});
