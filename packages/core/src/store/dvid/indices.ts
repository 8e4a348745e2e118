/** Label indices of a `labelmap`, read and replaced in requests of a bearable size. */
import type { CallOptions } from "../../call-options.ts";
import { endpoint, type OpenedVolume } from "./volume.ts";
import { badAnswer, decodeLabelIndices, encodeLabelIndices, formatLabelJson, type LabelIndex } from "./wire/index.ts";

const INDICES_A_REQUEST = 1000;
/** A request brings about so many blocks' counts at most. */
const BLOCKS_A_REQUEST = 50_000;
/** How large an index is, is known when it is there: the first request asks for few, and the next for twice as many while answers are small. */
const FIRST_READ = 32;
const SMALL_ANSWER = 1 << 23;
const LARGE_ANSWER = 1 << 25;

/** The indices of bodies, in their order and some at a time; without blocks where the server has none. */
export async function* readIndices(
  opened: OpenedVolume,
  bodies: readonly bigint[],
  options: CallOptions = {},
): AsyncGenerator<readonly LabelIndex[]> {
  let count = FIRST_READ;
  for (let from = 0; from < bodies.length; ) {
    const ids = bodies.slice(from, from + count);
    let bytes = 0;
    const decode = (answer: Uint8Array) => {
      bytes = answer.length;
      const byLabel = new Map(decodeLabelIndices(answer).map((index) => [index.label, index]));
      if (byLabel.size !== ids.length || ids.some((id) => !byLabel.has(id)))
        throw badAnswer(`expected the indices of ${ids.length} bodies`);
      return ids.map((id) => byLabel.get(id)!);
    };
    const call = { method: "GET", path: endpoint(opened, "indices"), body: formatLabelJson(ids) } as const;
    yield await opened.connection.read(call, decode, options);
    from += ids.length;
    if (bytes > LARGE_ANSWER) count = Math.max(1, count >> 1);
    else if (bytes < SMALL_ANSWER) count = Math.min(INDICES_A_REQUEST, count * 2);
  }
}

/** Collects indices and posts them, many in a request. */
export class IndexPoster {
  readonly #opened: OpenedVolume;
  readonly #options: CallOptions;
  #batch: LabelIndex[] = [];
  #blocks = 0;

  constructor(opened: OpenedVolume, options: CallOptions) {
    this.#opened = opened;
    this.#options = options;
  }

  async add(index: LabelIndex): Promise<void> {
    const full = this.#batch.length === INDICES_A_REQUEST || this.#blocks + index.blocks.length > BLOCKS_A_REQUEST;
    if (full) await this.flush();
    this.#batch.push(index);
    this.#blocks += index.blocks.length;
  }

  async flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const call = {
      method: "POST",
      path: endpoint(this.#opened, "indices"),
      body: encodeLabelIndices(this.#batch),
      repeatable: true,
    } as const;
    await this.#opened.connection.call(call, this.#options);
    this.#batch = [];
    this.#blocks = 0;
  }
}
