/**
 * Decoded parts of files, the last used ones within a bound of bytes, kept for the whole thread: a task that opens the same source
 * again finds them. What is being decoded is waited for, not decoded twice.
 */
export class ByteCache {
  readonly #most: number;
  #bytes = 0;
  readonly #entries = new Map<string, { readonly value: Promise<unknown>; readonly bytes: number }>();

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  /** @param key must change with the content (path, size, time). @param bytes size of what `make` gives; too large: not kept. */
  get<T>(key: string, bytes: number, make: () => Promise<T>): Promise<T> {
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return kept.value as Promise<T>;
    }
    const value = make();
    if (bytes > this.#most) return value;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    value.catch(() => this.#drop(key, value));
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#most) break;
      this.#drop(oldest, entry.value);
    }
    return value;
  }

  #drop(key: string, value: Promise<unknown>): void {
    const entry = this.#entries.get(key);
    if (entry?.value !== value) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/** 128 MB a thread. */
export const DECODED_FILES_BYTES: number = 1 << 27;

/** Shared by all stores of a thread. */
export const decodedFiles: ByteCache = new ByteCache(DECODED_FILES_BYTES);
