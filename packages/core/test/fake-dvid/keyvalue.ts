/** `keyvalue`: bytes under a name, per version. */
import { type Answer, bytes, type Call, done, json, Refusal } from "./call.ts";
import { readFields, writeFields } from "./codec/protobuf.ts";
import { type Base, badCall, baseJson, type Instance } from "./instance.ts";
import { specOnly } from "./spec-only.ts";
import { type Version, Versioned } from "./versions.ts";

export class KeyValue implements Instance {
  readonly name: string;
  readonly type = "keyvalue";
  readonly versioned: boolean;
  readonly #base: Base;
  readonly #values = new Versioned<Buffer>();

  constructor(base: Base) {
    this.#base = base;
    this.name = base.name;
    this.versioned = base.versioned;
  }

  info(): string {
    return `{"Base":${baseJson(this.#base)},"Extended":{}}`;
  }

  answer(call: Call, version: Version): Answer {
    specOnly("keyvalue-open");
    const [, , , endpoint, first, last] = call.parts;
    const keys = () => [...this.#values.entries(version)].map(([key]) => key).sort();
    switch (endpoint) {
      case "info":
        return json(this.info());
      case "keys":
        return json(JSON.stringify(keys()));
      case "keyrange":
        if (first === undefined || last === undefined)
          throw new Refusal("expect beginning and end keys to follow 'keyrange' endpoint");
        return json(JSON.stringify(keys().filter((key) => key >= first && key <= last)));
      case "key":
        if (first === undefined) throw new Refusal("expect key string to follow 'key' endpoint");
        return this.#key(call, version, first);
      case "keyvalues":
        return this.#keyValues(call, version);
      default:
        return badCall(call, this);
    }
  }

  #key(call: Call, version: Version, key: string): Answer {
    const value = this.#values.get(version, key);
    switch (call.method) {
      case "HEAD":
        return { status: value === undefined ? 404 : 200, type: null, body: "" };
      case "GET":
        // An empty value is kept and listed, yet not found.
        if (value === undefined || value.length === 0) {
          return { status: 404, type: "text/plain; charset=utf-8", body: `Key ${JSON.stringify(key)} not found\n` };
        }
        return bytes(value);
      case "POST":
        this.#values.set(version, key, Buffer.from(call.body));
        return done;
      case "DELETE":
        this.#values.set(version, key, null);
        return done;
      default:
        throw new Refusal(`key endpoint does not support ${JSON.stringify(call.method.toLowerCase())} HTTP verb`);
    }
  }

  #keyValues(call: Call, version: Version): Answer {
    if (call.method === "POST") {
      for (const [, pair] of readFields(call.body)) {
        const fields = new Map(readFields(pair as Uint8Array));
        this.#values.set(
          version,
          Buffer.from(fields.get(1) as Uint8Array).toString(),
          Buffer.from((fields.get(2) as Uint8Array | undefined) ?? []),
        );
      }
      return done;
    }
    const jsonKeys = call.query.get("json") === "true";
    const names = jsonKeys
      ? (JSON.parse(call.body.toString()) as string[])
      : readFields(call.body).map(([, name]) => Buffer.from(name as Uint8Array).toString());
    if (jsonKeys) {
      return json(`{${names.map((n) => `${JSON.stringify(n)}:${this.#values.get(version, n)?.toString() ?? "{}"}`).join(",")}}`);
    }
    return bytes(
      writeFields(
        names.map((n) => [
          1,
          writeFields([
            [1, Buffer.from(n)],
            [2, this.#values.get(version, n) ?? Buffer.alloc(0)],
          ]),
        ]),
      ),
    );
  }
}
