/** HDF5 files for reading, through the HDF5 library as WebAssembly, which is loaded when the first file is opened. */
import { type FileHandle, open } from "node:fs/promises";
import type { Dataset, Group, File as LibraryFile, Metadata } from "h5wasm/node";
import type { CallOptions } from "../call-options.ts";
import { AxonloomError, isAxonloomError } from "../errors.ts";
import { isMissing, reasonOf } from "../fs-errors.ts";
import { checkSuperblock } from "./superblock.ts";
import { textOf } from "./text.ts";

export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Numbers in C order; a single number has the shape []. Booleans are 0 and 1. */
export interface Hdf5Numbers {
  readonly data: NumberArray;
  readonly shape: readonly number[];
}

/** Classes of data types in the format. */
const STRING = 3;
const OPAQUE = 5;
const NUMERIC = [0, 1, 8]; // integers, floats, enumerations

/** An open file. Paths are those in the file: `/group/dataset`. What is absent or of another kind throws `E_SOURCE_DAMAGED`. */
export class Hdf5File {
  /** Where the file lies, for error texts. */
  readonly path: string;
  readonly #file: LibraryFile;

  constructor(path: string, file: LibraryFile) {
    this.path = path;
    this.#file = file;
  }

  /** What lies under the path; null = nothing. */
  kindOf(path: string): "group" | "dataset" | null {
    const type = this.#find(path)?.type;
    if (type === "Group") return "group";
    return type === "Dataset" ? "dataset" : null;
  }

  /** Names in a group, sorted. */
  names(path: string): string[] {
    const group = this.#find(path);
    if (group?.type !== "Group") throw this.#wrong(path, "a group", group === null ? "nothing" : "a dataset");
    return this.#reading(path, () => (group as Group).keys().sort());
  }

  numbers(path: string): Hdf5Numbers {
    const dataset = this.#dataset(path);
    return this.#numbersOf(path, dataset.metadata, () => dataset.value);
  }

  /** The one number of a dataset. */
  number(path: string): number {
    const { data } = this.numbers(path);
    if (data.length !== 1) throw this.#wrong(path, "one number", `${data.length}`);
    return Number(data[0]);
  }

  /** All strings of a dataset, in C order: of fixed or variable length, or one opaque value. */
  strings(path: string): string[] {
    const dataset = this.#dataset(path);
    return this.#stringsOf(path, dataset.metadata, () => dataset.value);
  }

  /** The one string of a dataset. */
  string(path: string): string {
    const strings = this.strings(path);
    if (strings.length !== 1) throw this.#wrong(path, "one string", `${strings.length}`);
    return strings[0]!;
  }

  /** Names of the attributes of a group or dataset, sorted. */
  attributeNames(path: string): string[] {
    const entity = this.#entity(path);
    return this.#reading(path, () => Object.keys(entity.attrs).sort());
  }

  numbersAttribute(path: string, name: string): Hdf5Numbers {
    const attribute = this.#attribute(path, name);
    return this.#numbersOf(`${path}@${name}`, attribute.metadata, () => attribute.value);
  }

  stringsAttribute(path: string, name: string): string[] {
    const attribute = this.#attribute(path, name);
    return this.#stringsOf(`${path}@${name}`, attribute.metadata, () => attribute.value);
  }

  close(): void {
    this.#file.close();
  }

  #find(path: string): Group | Dataset | null {
    const entity = this.#reading(path, () => this.#file.get(path === "" ? "/" : path));
    const found = entity !== null && "type" in entity && (entity.type === "Group" || entity.type === "Dataset");
    return found ? (entity as Group | Dataset) : null;
  }

  #entity(path: string): Group | Dataset {
    const entity = this.#find(path);
    if (entity === null) throw this.#wrong(path, "a group or dataset", "nothing");
    return entity;
  }

  #dataset(path: string): Dataset {
    const entity = this.#find(path);
    if (entity?.type !== "Dataset") throw this.#wrong(path, "a dataset", entity?.type === "Group" ? "a group" : "nothing");
    return entity as Dataset;
  }

  #attribute(path: string, name: string) {
    const attribute = this.#reading(path, () => this.#entity(path).attrs[name]);
    if (attribute === undefined) throw this.#wrong(`${path}@${name}`, "an attribute", "nothing");
    return attribute;
  }

  #numbersOf(path: string, { type, shape, signed }: Metadata, read: () => unknown): Hdf5Numbers {
    if (!NUMERIC.includes(type) || shape === null) throw this.#wrong(path, "numbers", kindOfType(type, shape));
    const value = this.#reading(path, read);
    if (ArrayBuffer.isView(value)) return { data: value as NumberArray, shape };
    if (typeof value === "bigint") return { data: signed ? BigInt64Array.of(value) : BigUint64Array.of(value), shape };
    return { data: Float64Array.of(Number(value)), shape };
  }

  #stringsOf(path: string, { type, shape, cset }: Metadata, read: () => unknown): string[] {
    if ((type !== STRING && type !== OPAQUE) || shape === null) throw this.#wrong(path, "text", kindOfType(type, shape));
    const value = this.#reading(path, read);
    if (value instanceof Uint8Array) return [textOf(Buffer.from(value).toString("latin1").replace(/\0+$/, ""))];
    const strings = (Array.isArray(value) ? value : [value]) as string[];
    return cset === 1 ? strings : strings.map(textOf);
  }

  /** What the library throws, as an error of this program. */
  #reading<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (isAxonloomError(cause)) throw cause;
      throw new AxonloomError(
        "E_SOURCE_DAMAGED",
        `${this.path}: ${path} cannot be read (${reasonOf(cause)}): the file is damaged; copy it again`,
        { path: this.path, key: path },
        cause,
      );
    }
  }

  #wrong(path: string, expected: string, found: string): AxonloomError {
    return new AxonloomError(
      "E_SOURCE_DAMAGED",
      `${this.path}: expected ${expected} at ${path}, found ${found}; correct the path`,
      {
        path: this.path,
        key: path,
      },
    );
  }
}

function kindOfType(type: number, shape: readonly number[] | null): string {
  if (shape === null) return "an empty dataset";
  if (type === STRING) return "text";
  return NUMERIC.includes(type) ? "numbers" : "another data type";
}

/**
 * Opens a file, lets `use` read, and closes it. Throws `E_SOURCE_NOT_FOUND`, `E_SOURCE_READ` (permissions) or `E_SOURCE_DAMAGED` (no HDF5,
 * truncated, or what is wanted is not in it).
 */
export async function withHdf5<T>(path: string, use: (file: Hdf5File) => T, { signal }: CallOptions = {}): Promise<T> {
  signal?.throwIfAborted();
  const handle = await openFile(path);
  try {
    await checkSuperblock(handle, path);
  } finally {
    await handle.close();
  }
  const library = await import("h5wasm/node");
  await library.ready;
  signal?.throwIfAborted();
  const opened = new library.File(path, "r");
  if (opened.file_id < 0) {
    throw new AxonloomError(
      "E_SOURCE_DAMAGED",
      `${path}: expected an HDF5 file, but the HDF5 library cannot open it; copy it again`,
      {
        path,
      },
    );
  }
  const file = new Hdf5File(path, opened);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    if (!isMissing(cause)) {
      const message = `${path} cannot be read (${reasonOf(cause)}); check its permissions`;
      throw new AxonloomError("E_SOURCE_READ", message, { path }, cause);
    }
    throw new AxonloomError("E_SOURCE_NOT_FOUND", `${path} does not exist; correct the path`, { path }, cause);
  }
  throw new AxonloomError("E_SOURCE_DAMAGED", `${path}: expected an HDF5 file, found a folder; correct the path`, { path });
}
