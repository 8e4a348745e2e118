/**
 * Columns of plans. Wherever a column is wanted, a string is a SQL expression: `"id"`, `"id * 2 as twice"`, `"count(*)"`.
 * The helpers are for what is awkward as text: odd names, values from the program, sort orders, direct partitions.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { SparkConnectError } from "../errors.ts";
import type { Expression_AliasSchema, Expression_SortOrderSchema, ExpressionSchema } from "../gen/spark/connect/connect_pb.ts";
import { NULL_ORDERING, SORT_DIRECTION } from "./constants.ts";

export type ExpressionInit = MessageInitShape<typeof ExpressionSchema>;
export type ColumnLike = string | Column;

export class Column {
  readonly expression: ExpressionInit;

  constructor(expression: ExpressionInit) {
    this.expression = expression;
  }

  as(name: string): Column {
    return new Column({ exprType: { case: "alias", value: aliasOf(this, name) } });
  }

  /** `type`: DDL, for instance `int`. */
  cast(type: string): Column {
    return new Column({
      exprType: { case: "cast", value: { expr: this.expression, castToType: { case: "typeStr", value: type } } },
    });
  }

  asc(nulls: keyof typeof NULL_ORDERING = "first"): Column {
    return sortBy(this, "ascending", nulls);
  }

  desc(nulls: keyof typeof NULL_ORDERING = "last"): Column {
    return sortBy(this, "descending", nulls);
  }
}

/** A column by its name as it is: no back-ticks needed. */
export function col(name: string): Column {
  const unparsedIdentifier = `\`${name.replaceAll("`", "``")}\``;
  return new Column({ exprType: { case: "unresolvedAttribute", value: { unparsedIdentifier } } });
}

export function expr(sql: string): Column {
  return new Column({ exprType: { case: "expressionString", value: { expression: sql } } });
}

/** A value: bigint is long, number is double (integers of 32 bits: int), Uint8Array is binary. */
export function lit(value: null | boolean | number | bigint | string | Uint8Array): Column {
  return new Column({ exprType: { case: "literal", value: { literalType: literalOf(value) } } });
}

/** A function of Spark by its name. */
export function call(name: string, ...args: ColumnLike[]): Column {
  const value = { functionName: name, arguments: args.map(expressionOf) };
  return new Column({ exprType: { case: "unresolvedFunction", value } });
}

/**
 * The number of the partition that a row goes to, modulo the number of partitions: the only expression given to
 * `repartitionByExpression`. Rows with null go to partition 0.
 */
export function directShufflePartitionId(partition: ColumnLike): Column {
  const child = toColumn(partition).cast("int").expression; // Spark refuses a long
  return new Column({ exprType: { case: "directShufflePartitionId", value: { child } } });
}

export function toColumn(column: ColumnLike): Column {
  return typeof column === "string" ? expr(column) : column;
}

export function expressionOf(column: ColumnLike): ExpressionInit {
  return toColumn(column).expression;
}

export function aliasOf(column: ColumnLike, name: string): MessageInitShape<typeof Expression_AliasSchema> {
  return { expr: expressionOf(column), name: [name] };
}

/** A column without an order is ascending. */
export function sortOrderOf(column: ColumnLike): MessageInitShape<typeof Expression_SortOrderSchema> {
  const { exprType } = toColumn(column).expression;
  if (exprType?.case === "sortOrder") return exprType.value;
  return sortOrderOf(toColumn(column).asc());
}

function sortBy(column: Column, direction: keyof typeof SORT_DIRECTION, nulls: keyof typeof NULL_ORDERING): Column {
  const value = { child: column.expression, direction: SORT_DIRECTION[direction], nullOrdering: NULL_ORDERING[nulls] };
  return new Column({ exprType: { case: "sortOrder", value } });
}

function literalOf(value: Parameters<typeof lit>[0]) {
  if (value === null) return { case: "null", value: { kind: { case: "null", value: {} } } } as const;
  if (value instanceof Uint8Array) return { case: "binary", value } as const;
  switch (typeof value) {
    case "boolean":
      return { case: "boolean", value } as const;
    case "bigint":
      return { case: "long", value } as const;
    case "string":
      return { case: "string", value } as const;
    case "number":
      return value === (value | 0) && !Object.is(value, -0)
        ? ({ case: "integer", value } as const)
        : ({ case: "double", value } as const);
    default:
      throw new SparkConnectError(
        "E_SPARK_ARGUMENT",
        `expected null, boolean, number, bigint, string or bytes as a value, found ${typeof value}`,
      );
  }
}
