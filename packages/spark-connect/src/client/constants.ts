/** Values of Spark Connect's enumerations. */
export const INTERRUPT = { all: 1, tag: 2, operation: 3 } as const;
export const JOIN_TYPE = { inner: 1, full: 2, left: 3, right: 4, anti: 5, semi: 6, cross: 7 } as const;
export const SET_OPERATION = { intersect: 1, union: 2, except: 3 } as const;
export const SAVE_MODE = { append: 1, overwrite: 2, error: 3, ignore: 4 } as const;
export const EXPLAIN_MODE = { simple: 1, extended: 2, codegen: 3, cost: 4, formatted: 5 } as const;
export const SORT_DIRECTION = { ascending: 1, descending: 2 } as const;
export const NULL_ORDERING = { first: 1, last: 2 } as const;
export const GROUP_TYPE = { groupBy: 1 } as const;

export type JoinType = keyof typeof JOIN_TYPE;
export type SaveMode = keyof typeof SAVE_MODE;
export type ExplainMode = keyof typeof EXPLAIN_MODE;

/** Where Spark keeps the rows of a persisted plan. */
export interface StorageLevel {
  readonly useDisk: boolean;
  readonly useMemory: boolean;
  readonly useOffHeap: boolean;
  readonly deserialized: boolean;
  readonly replication: number;
}

const level = (useDisk: boolean, useMemory: boolean, deserialized = false, replication = 1): StorageLevel => ({
  useDisk,
  useMemory,
  useOffHeap: false,
  deserialized,
  replication,
});

export const STORAGE_LEVEL = {
  diskOnly: level(true, false),
  memoryOnly: level(false, true),
  memoryOnlyDeserialized: level(false, true, true),
  memoryAndDisk: level(true, true),
  memoryAndDiskDeserialized: level(true, true, true),
  memoryAndDiskTwice: level(true, true, false, 2),
} as const satisfies Record<string, StorageLevel>;
