/** Rows grouped by key, on the way to aggregates or to a function that sees one group at a time. */
import { GROUP_TYPE } from "./constants.ts";
import { type ColumnLike, type ExpressionInit, expressionOf } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import type { SparkFunction } from "./functions.ts";
import { functionOf } from "./plans.ts";

export class GroupedData<F> {
  readonly #frame: Frame<F>;
  readonly #keys: readonly ExpressionInit[];

  constructor(frame: Frame<F>, keys: readonly ExpressionInit[]) {
    this.#frame = frame;
    this.#keys = keys;
  }

  /** One row a group: the keys and the aggregates, for instance `agg("count(1) as n", "max(x) as top")`. */
  agg(...columns: ColumnLike[]): F {
    const aggregateExpressions = columns.map(expressionOf);
    return this.#frame.derive(async (options) => ({
      case: "aggregate",
      value: {
        input: await this.#frame.relation(options),
        groupType: GROUP_TYPE.groupBy,
        groupingExpressions: [...this.#keys],
        aggregateExpressions,
      },
    }));
  }

  /** Runs a function once a group. */
  map(fn: SparkFunction): F {
    return this.#frame.derive(async (options) => {
      const [input, columns] = await Promise.all([this.#frame.relation(options), this.#frame.columns(options)]);
      const func = await functionOf(fn, "group", columns, this.#frame.host.bundles, options);
      return { case: "groupMap", value: { input, groupingExpressions: [...this.#keys], func } };
    }, fn.columns);
  }

  /** Two inputs side by side: all rows of both that have the same key. */
  cogroup(other: GroupedData<F>): CoGroupedData<F> {
    return new CoGroupedData(this, other);
  }

  /** @internal */
  get parts(): { readonly frame: Frame<F>; readonly keys: readonly ExpressionInit[] } {
    return { frame: this.#frame, keys: this.#keys };
  }
}

export class CoGroupedData<F> {
  readonly #left: GroupedData<F>;
  readonly #right: GroupedData<F>;

  constructor(left: GroupedData<F>, right: GroupedData<F>) {
    this.#left = left;
    this.#right = right;
  }

  /** Runs a function once a key that occurs on either side. */
  map(fn: SparkFunction): F {
    const [left, right] = [this.#left.parts, this.#right.parts];
    return left.frame.derive(async (options) => {
      const [input, other, func] = await Promise.all([
        left.frame.relation(options),
        right.frame.relation(options),
        functionOf(fn, "cogroup", [], left.frame.host.bundles, options),
      ]);
      const value = { input, inputGroupingExpressions: [...left.keys], other, otherGroupingExpressions: [...right.keys], func };
      return { case: "coGroupMap", value };
    }, fn.columns);
  }
}
