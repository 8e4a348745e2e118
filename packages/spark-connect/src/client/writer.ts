/** Writes the rows of a plan, on the executors. */
import { SAVE_MODE, type SaveMode } from "./constants.ts";
import type { Frame } from "./frame.ts";
import type { ActionOptions } from "./plan-host.ts";

interface WriterSettings {
  readonly source?: string;
  readonly mode: SaveMode;
  readonly options: Readonly<Record<string, string>>;
  readonly partitioningColumns: readonly string[];
}

export class DataFrameWriter {
  readonly #frame: Frame<unknown>;
  readonly #settings: WriterSettings;

  constructor(frame: Frame<unknown>, settings: WriterSettings = { mode: "error", options: {}, partitioningColumns: [] }) {
    this.#frame = frame;
    this.#settings = settings;
  }

  format(source: string): DataFrameWriter {
    return this.#changed({ source });
  }

  /** What happens when the target exists; by default the write fails. */
  mode(mode: SaveMode): DataFrameWriter {
    return this.#changed({ mode });
  }

  options(options: Readonly<Record<string, string | number | boolean>>): DataFrameWriter {
    const texts = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
    return this.#changed({ options: { ...this.#settings.options, ...texts } });
  }

  /** A folder for each value of these columns. */
  partitionBy(...partitioningColumns: string[]): DataFrameWriter {
    return this.#changed({ partitioningColumns });
  }

  async parquet(path: string, options: ActionOptions = {}): Promise<void> {
    await this.format("parquet").save(path, options);
  }

  /** `path`: as the executors see it. */
  async save(path?: string, options: ActionOptions = {}): Promise<void> {
    const { source, mode, options: texts, partitioningColumns } = this.#settings;
    const value = {
      input: await this.#frame.relation(options),
      ...(source === undefined ? {} : { source }),
      ...(path === undefined ? {} : { saveType: { case: "path", value: path } as const }),
      mode: SAVE_MODE[mode],
      options: { ...texts },
      partitioningColumns: [...partitioningColumns],
    };
    await this.#frame.command({ case: "writeOperation", value }, options);
  }

  #changed(change: Partial<WriterSettings>): DataFrameWriter {
    return new DataFrameWriter(this.#frame, { ...this.#settings, ...change });
  }
}
