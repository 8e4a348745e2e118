/** Plans that read files and tables, on the executors. */
import type { DataFrame } from "./data-frame.ts";
import type { RelationType } from "./plans.ts";

export class DataFrameReader {
  readonly #make: (relation: RelationType) => DataFrame;

  constructor(make: (relation: RelationType) => DataFrame) {
    this.#make = make;
  }

  parquet(paths: string | readonly string[], options: Readonly<Record<string, string>> = {}): DataFrame {
    return this.load("parquet", paths, { options });
  }

  table(name: string): DataFrame {
    return this.#make({ case: "read", value: { readType: { case: "namedTable", value: { unparsedIdentifier: name } } } });
  }

  /** Any format that the server knows; `schema`: DDL. */
  load(
    format: string,
    paths: string | readonly string[],
    { options = {}, schema }: { readonly options?: Readonly<Record<string, string>>; readonly schema?: string } = {},
  ): DataFrame {
    const value = {
      format,
      paths: typeof paths === "string" ? [paths] : [...paths],
      options: { ...options },
      ...(schema === undefined ? {} : { schema }),
    };
    return this.#make({ case: "read", value: { readType: { case: "dataSource", value } } });
  }
}
