/** Small byte strings in a keyvalue instance of a version: a version sees what its ancestors wrote until it writes the key itself. */
import { z } from "zod";
import type { CallOptions } from "../../call-options.ts";
import { isAxonloomError } from "../../errors.ts";
import { apiPath, type DvidConnection } from "./http.ts";
import { createInstance } from "./instances.ts";

/** Where a keyvalue instance is. */
export interface KeyValuePlace {
  readonly connection: DvidConnection;
  readonly uuid: string;
  readonly instance: string;
}

function keyPath({ uuid, instance }: KeyValuePlace, key: string): string {
  return apiPath("node", uuid, instance, "key", key);
}

/** null when there is no such key, or no such instance. */
export async function getKey(place: KeyValuePlace, key: string, options?: CallOptions): Promise<Uint8Array | null> {
  try {
    return await place.connection.call({ method: "GET", path: keyPath(place, key) }, options);
  } catch (error) {
    if (isAxonloomError(error) && error.code === "E_SOURCE_NOT_FOUND") return null;
    throw error;
  }
}

/** Writes a key (not empty, without `/`), and makes the instance when it is missing. */
export async function putKey(place: KeyValuePlace, key: string, value: Uint8Array | string, options?: CallOptions): Promise<void> {
  const { connection, uuid, instance } = place;
  const put = () =>
    connection.call({ method: "POST", path: keyPath(place, key), body: value, repeatable: true }, options).then(() => {});
  try {
    await put();
  } catch (error) {
    if (!isAxonloomError(error) || error.code !== "E_SOURCE_NOT_FOUND") throw error;
    await createInstance(connection, uuid, { typename: "keyvalue", dataname: instance }, options);
    await put();
  }
}

/** Removes a key from this version on; nothing happens when it is not there. */
export async function deleteKey(place: KeyValuePlace, key: string, options?: CallOptions): Promise<void> {
  try {
    await place.connection.call({ method: "DELETE", path: keyPath(place, key), repeatable: true }, options);
  } catch (error) {
    if (!isAxonloomError(error) || error.code !== "E_SOURCE_NOT_FOUND") throw error;
  }
}

const keysSchema = z.array(z.string());

/** The keys from `first` to `last`, both with; none where there is no such instance. */
export async function listKeys(place: KeyValuePlace, first: string, last: string, options?: CallOptions): Promise<string[]> {
  const path = apiPath("node", place.uuid, place.instance, "keyrange", first, last);
  const decode = (answer: Uint8Array) => keysSchema.parse(JSON.parse(Buffer.from(answer).toString()) ?? []);
  try {
    return await place.connection.read({ method: "GET", path }, decode, options);
  } catch (error) {
    if (isAxonloomError(error) && error.code === "E_SOURCE_NOT_FOUND") return [];
    throw error;
  }
}
