/** A lazy plan: methods give new plans, only the actions at the end ask the server. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RecordBatch } from "apache-arrow";
import type { CallOptions } from "../call-options.ts";
import { SparkConnectError } from "../errors.ts";
import {
  type AnalyzePlanRequestSchema,
  type AnalyzePlanResponse,
  type DataType,
  SparkConnectService,
} from "../gen/spark/connect/connect_pb.ts";
import { type Row, rowsOf } from "../rows.ts";
import { EXPLAIN_MODE, type ExplainMode, JOIN_TYPE, type JoinType, SET_OPERATION, type StorageLevel } from "./constants.ts";
import { ddlOf } from "./data-type.ts";
import { aliasOf, type ColumnLike, expressionOf, sortOrderOf } from "./expressions.ts";
import type { Build, Columns, CommandType, Frame } from "./frame.ts";
import type { SparkFunction } from "./functions.ts";
import { GroupedData } from "./grouped-data.ts";
import type { ActionOptions, PlanHost, ResultOptions } from "./plan-host.ts";
import { functionOf, type RelationInit, type RelationType } from "./plans.ts";
import { batchesOf } from "./results.ts";
import { spooled } from "./spool.ts";
import { DataFrameWriter } from "./writer.ts";

/** Analysing a plan may list many files. */
const ANALYSIS_MS = 600_000;

type Analyze = NonNullable<MessageInitShape<typeof AnalyzePlanRequestSchema>["analyze"]>;

export class DataFrame implements Frame<DataFrame> {
  readonly #host: PlanHost;
  /** Let go once the message is made: it may hold rows that were sent long ago. */
  #build: Build | null;
  readonly #planId: bigint;
  #columns: Columns | null;
  #relation: Promise<RelationInit> | null = null;

  /** Made by the session and by other data frames. @param columns their names, where they are known without asking. */
  constructor(host: PlanHost, build: Build, columns: Columns | null = null) {
    this.#host = host;
    this.#build = build;
    this.#planId = host.nextPlanId();
    this.#columns = columns;
  }

  // ---- plans

  /** Columns by SQL expressions: `select("id", "id * 2 as twice")`. */
  select(...columns: ColumnLike[]): DataFrame {
    return this.#then((input) => ({ case: "project", value: { input, expressions: columns.map(expressionOf) } }));
  }

  /** Adds or replaces columns. */
  withColumns(columns: Readonly<Record<string, ColumnLike>>): DataFrame {
    const aliases = Object.entries(columns).map(([name, column]) => aliasOf(column, name));
    return this.#then((input) => ({ case: "withColumns", value: { input, aliases } }));
  }

  drop(...columnNames: string[]): DataFrame {
    return this.#then((input) => ({ case: "drop", value: { input, columnNames } }));
  }

  /** New names for all columns. */
  toDF(...columnNames: string[]): DataFrame {
    return this.#then((input) => ({ case: "toDf", value: { input, columnNames } }), columnNames);
  }

  filter(condition: ColumnLike): DataFrame {
    return this.#same((input) => ({ case: "filter", value: { input, condition: expressionOf(condition) } }));
  }

  sort(...columns: ColumnLike[]): DataFrame {
    return this.#same((input) => ({ case: "sort", value: { input, order: columns.map(sortOrderOf), isGlobal: true } }));
  }

  sortWithinPartitions(...columns: ColumnLike[]): DataFrame {
    return this.#same((input) => ({ case: "sort", value: { input, order: columns.map(sortOrderOf), isGlobal: false } }));
  }

  limit(limit: number): DataFrame {
    return this.#same((input) => ({ case: "limit", value: { input, limit } }));
  }

  offset(offset: number): DataFrame {
    return this.#same((input) => ({ case: "offset", value: { input, offset } }));
  }

  /** Without repeated rows; with names: one row for each value of these columns. */
  distinct(...columnNames: string[]): DataFrame {
    const allColumnsAsKeys = columnNames.length === 0;
    return this.#same((input) => ({ case: "deduplicate", value: { input, columnNames, allColumnsAsKeys } }));
  }

  /** A name to refer to in the expressions of a join. */
  alias(alias: string): DataFrame {
    return this.#same((input) => ({ case: "subqueryAlias", value: { input, alias } }));
  }

  /** For instance `hint("broadcast")` on the small side of a join. */
  hint(name: string, ...parameters: ColumnLike[]): DataFrame {
    return this.#same((input) => ({ case: "hint", value: { input, name, parameters: parameters.map(expressionOf) } }));
  }

  /** All rows of both, repeated ones too; columns by position, or by name. */
  union(other: DataFrame, { byName = false } = {}): DataFrame {
    return this.#setOperation(other, SET_OPERATION.union, byName);
  }

  intersect(other: DataFrame): DataFrame {
    return this.#setOperation(other, SET_OPERATION.intersect, false);
  }

  except(other: DataFrame): DataFrame {
    return this.#setOperation(other, SET_OPERATION.except, false);
  }

  /** `on`: an expression, or the names of columns that both have. Sides are told apart by `alias`. */
  join(other: DataFrame, on: ColumnLike | readonly string[], type: JoinType = "inner"): DataFrame {
    return this.#with(other, (left, right) => {
      const value = { left, right, joinType: JOIN_TYPE[type] };
      if (isNames(on)) return { case: "join", value: { ...value, usingColumns: [...on] } };
      return { case: "join", value: { ...value, joinCondition: expressionOf(on) } };
    });
  }

  crossJoin(other: DataFrame): DataFrame {
    return this.#with(other, (left, right) => ({ case: "join", value: { left, right, joinType: JOIN_TYPE.cross } }));
  }

  groupBy(...columns: ColumnLike[]): GroupedData<DataFrame> {
    return new GroupedData(this, columns.map(expressionOf));
  }

  // ---- partitions and functions

  /** Rows dealt out evenly, not by value. */
  repartition(numPartitions: number): DataFrame {
    return this.#same((input) => ({ case: "repartition", value: { input, numPartitions, shuffle: true } }));
  }

  /** Fewer partitions, without moving rows between machines where possible. */
  coalesce(numPartitions: number): DataFrame {
    return this.#same((input) => ({ case: "repartition", value: { input, numPartitions, shuffle: false } }));
  }

  /** Rows with equal values together. With a number of partitions Spark never merges them; without it may. */
  repartitionBy(columns: readonly ColumnLike[], numPartitions?: number): DataFrame {
    const partitionExprs = columns.map(expressionOf);
    const rest = numPartitions === undefined ? {} : { numPartitions };
    return this.#same((input) => ({ case: "repartitionByExpression", value: { input, partitionExprs, ...rest } }));
  }

  /** Runs a function once a partition: it sees batches and yields rows. `barrier`: all tasks at once, or none. */
  mapPartitions(fn: SparkFunction, { barrier = false } = {}): DataFrame {
    return this.derive(async (options) => {
      const [input, columns] = await Promise.all([this.relation(options), this.columns(options)]);
      const func = await functionOf(fn, "map", columns, this.#host.bundles, options);
      return { case: "mapPartitions", value: { input, func, isBarrier: barrier } };
    }, fn.columns);
  }

  // ---- actions

  /**
   * The rows as Arrow batches, in partition order, one batch in memory at a time. A failure may come after the first batches (for
   * instance above `spark.driver.maxResultSize`): do what cannot be undone after the iteration, or with `spool`.
   */
  async *batches({ spool = false, ...options }: ResultOptions = {}): AsyncGenerator<RecordBatch, void, undefined> {
    const plan = { opType: { case: "root", value: await this.relation(options) } } as const;
    const received = batchesOf(this.#host.execute(plan, options));
    if (spool) yield* spooled(received);
    else for await (const { batch } of received) yield batch;
  }

  /** As `batches`, but as plain rows. */
  async *rows(options: ResultOptions = {}): AsyncGenerator<Row, void, undefined> {
    for await (const batch of this.batches(options)) yield* rowsOf(batch);
  }

  /** The whole result in memory. */
  async collect(options: ActionOptions = {}): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const batch of this.batches(options)) for (const row of rowsOf(batch)) rows.push(row);
    return rows;
  }

  async count(options: ActionOptions = {}): Promise<bigint> {
    const [row] = await this.groupBy().agg("count(1) as n").collect(options);
    return row!["n"] as bigint;
  }

  /** Runs the plan and throws its rows away: for functions with effects. */
  async run(options: ActionOptions = {}): Promise<void> {
    await this.write.format("noop").mode("overwrite").save(undefined, options);
  }

  get write(): DataFrameWriter {
    return new DataFrameWriter(this);
  }

  /** Columns as DDL. */
  async schema(options: CallOptions = {}): Promise<string> {
    return ddlOf(await this.#type(options));
  }

  /** Names of the columns. */
  async columns(options: CallOptions = {}): Promise<readonly string[]> {
    if (typeof this.#columns === "function") this.#columns = await this.#columns(options);
    if (this.#columns === null) {
      const kind = (await this.#type(options))?.kind;
      this.#columns = kind?.case === "struct" ? kind.value.fields.map((field) => field.name) : [];
    }
    return this.#columns;
  }

  /** How Spark would run the plan. */
  async explain(mode: ExplainMode = "simple", options: CallOptions = {}): Promise<string> {
    const plan = { opType: { case: "root", value: await this.relation(options) } } as const;
    const { result } = await this.#analyze({ case: "explain", value: { plan, explainMode: EXPLAIN_MODE[mode] } }, options);
    return result.case === "explain" ? result.value.explainString : "";
  }

  /** Keeps the rows when they are first computed. Spark knows them again by the plan. Default level: memory and disk, deserialized. */
  async persist(storageLevel?: StorageLevel, options: CallOptions = {}): Promise<this> {
    const relation = await this.relation(options);
    await this.#analyze(
      { case: "persist", value: storageLevel === undefined ? { relation } : { relation, storageLevel } },
      options,
    );
    return this;
  }

  async unpersist({ blocking = false, ...options }: CallOptions & { readonly blocking?: boolean } = {}): Promise<this> {
    await this.#analyze({ case: "unpersist", value: { relation: await this.relation(options), blocking } }, options);
    return this;
  }

  /** The level of a persisted plan; all false when it is not persisted. */
  async storageLevel(options: CallOptions = {}): Promise<StorageLevel> {
    const { result } = await this.#analyze({ case: "getStorageLevel", value: { relation: await this.relation(options) } }, options);
    const found = result.case === "getStorageLevel" ? result.value.storageLevel : undefined;
    if (found === undefined) throw new SparkConnectError("E_SPARK_PROTOCOL", "expected a storage level, found none");
    const { useDisk, useMemory, useOffHeap, deserialized, replication } = found;
    return { useDisk, useMemory, useOffHeap, deserialized, replication };
  }

  /** Computes the plan now and keeps its rows without the way they were made: `reliable` in `spark.checkpoint.dir`, else on the executors. */
  async checkpoint({ reliable = false, ...options }: ActionOptions & { readonly reliable?: boolean } = {}): Promise<DataFrame> {
    const relation = await this.relation(options);
    const command = { case: "checkpointCommand", value: { relation, local: !reliable, eager: true } } as const;
    for (const { responseType } of await this.command(command, options)) {
      if (responseType.case !== "checkpointCommandResult") continue;
      const { relationId } = responseType.value.relation!;
      return this.derive(() => ({ case: "cachedRemoteRelation", value: { relationId } }));
    }
    throw new SparkConnectError("E_SPARK_PROTOCOL", "expected the checkpoint's relation, found none");
  }

  async createTempView(
    name: string,
    { replace = true, ...options }: ActionOptions & { readonly replace?: boolean } = {},
  ): Promise<void> {
    const value = { input: await this.relation(options), name, isGlobal: false, replace };
    await this.command({ case: "createDataframeView", value }, options);
  }

  // ---- for the other classes of plans

  /** @internal The plan as a message; the same each time, because Spark knows a persisted plan by it. */
  relation(options: CallOptions = {}): Promise<RelationInit> {
    if (this.#relation === null) {
      const relation = this.#relationOf(options);
      this.#relation = relation;
      relation.catch(() => {
        this.#relation = null;
      });
    }
    return this.#relation;
  }

  /** @internal */
  derive(build: Build, columns: Columns | null = null): DataFrame {
    return new DataFrame(this.#host, build, columns);
  }

  /** @internal */
  get host(): PlanHost {
    return this.#host;
  }

  /** @internal Runs a command to its end. */
  command(command: CommandType, options: ActionOptions) {
    return this.#host.command(command, options);
  }

  async #relationOf(options: CallOptions): Promise<RelationInit> {
    const relType = await this.#build!(options);
    this.#build = null;
    return { common: { planId: this.#planId }, relType };
  }

  #then(build: (input: RelationInit) => RelationType, columns: Columns | null = null): DataFrame {
    return this.derive(async (options) => build(await this.relation(options)), columns);
  }

  /** A plan with the columns of this one. */
  #same(build: (input: RelationInit) => RelationType): DataFrame {
    return this.#then(build, (options) => this.columns(options));
  }

  async #type(options: CallOptions): Promise<DataType | undefined> {
    const plan = { opType: { case: "root", value: await this.relation(options) } } as const;
    const { result } = await this.#analyze({ case: "schema", value: { plan } }, options);
    return result.case === "schema" ? result.value.schema : undefined;
  }

  #with(other: DataFrame, build: (left: RelationInit, right: RelationInit) => RelationType): DataFrame {
    return this.derive(async (options) => build(await this.relation(options), await other.relation(options)));
  }

  #setOperation(other: DataFrame, setOpType: number, byName: boolean): DataFrame {
    const isAll = setOpType === SET_OPERATION.union;
    return this.#with(other, (leftInput, rightInput) => ({
      case: "setOp",
      value: { leftInput, rightInput, setOpType, isAll, byName },
    }));
  }

  #analyze(analyze: Analyze, options: CallOptions): Promise<AnalyzePlanResponse> {
    const timeoutMs = Math.max(ANALYSIS_MS, this.#host.connection.settings.silenceMs);
    return this.#host.connection.unary(SparkConnectService.method.analyzePlan, { analyze }, { ...options, timeoutMs });
  }
}

function isNames(on: ColumnLike | readonly string[]): on is readonly string[] {
  return Array.isArray(on);
}
