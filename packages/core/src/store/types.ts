/** What every store of volumes offers; a driver folder implements it, and one contract suite tests them all. */
import type { CallOptions } from "../call-options.ts";
import type { Box, Vec3 } from "../geometry/box.ts";
import type { Block, Dtype } from "../volume/block.ts";

export interface VolumeInfo {
  readonly dtype: Dtype;
  /** What the voxels mean; decides how a pyramid is made. */
  readonly kind: "image" | "labels";
  /** Where the volume lies, in voxels. */
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
  /**
   * Boxes written at the same time by several tasks must consist of whole cells of this grid (cut at the bounds).
   * null: the store cannot be written in parts (it is read-only, or written whole).
   */
  readonly writeGrid: WriteGrid | null;
  /**
   * How coarser levels of labels are made. "mode" (the default): the most frequent label of 2 x 2 x 2 voxels, 0 among them, ties to the
   * smaller; "nonzero-mode": 0 does not count, and stays only where all are 0.
   */
  readonly labelPyramid?: "mode" | "nonzero-mode";
  /** Sources of all levels of the pyramid, finest first; absent where the store has no pyramid, or is itself one of its levels. */
  readonly scales?: readonly string[];
  /** For people: encoding, compression, chunk size and the like. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

export interface WriteGrid {
  readonly origin: Vec3;
  readonly cell: Vec3;
  /** Only of volumes on a server: it gets one request for each such cell, counted from 0, that a box touches, whether read or written. */
  readonly request?: Vec3;
}

export interface VolumeStore {
  /** The normalised name, which {@link openVolume} opens again, in another thread or process too. */
  readonly source: string;
  info(options?: CallOptions): Promise<VolumeInfo>;
  /**
   * The voxels of `box`, which must lie inside the bounds (`E_OUT_OF_BOUNDS` otherwise). Chunks that were never written are zero.
   */
  read(box: Box, options?: CallOptions): Promise<Block>;
  /** Writes `block` (the store's dtype, the box's shape) at `box`. Each file is replaced in one step: never half-written. */
  write(box: Box, block: Block, options?: WriteOptions): Promise<void>;
  /** Changes whenever the content may have changed; for fingerprints. Reads metadata only (names, sizes, times, descriptions). */
  identity(options?: CallOptions): Promise<string>;
  /** Only where the volume keeps an index of its bodies, which who writes has to keep right. Such a volume is written in place. */
  readonly bodies?: BodyIndex;
}

export interface WriteOptions extends CallOptions {
  /** Only for volumes with `bodies`: where it is 0 (shape of the box) the voxel stays what it is; cells without any 1 are not written. */
  readonly inside?: Uint8Array | null;
}

/** Labels whose voxels hold supervoxels: a mapping makes bodies of them, and an index knows in which cells each body has how many voxels. */
export interface BodyIndex {
  /** Equal for volumes whose supervoxels mean the same: the versions of one instance. */
  readonly instance: string;
  /** The source that shows supervoxels where this one shows bodies. */
  readonly supervoxels: string;
  /**
   * Notes beside the labels which supervoxels lie in the cells of the write grid that `box` touches, and were noted there before. To be done
   * before the box is written: from then on the index, and coarser levels above the box, may be out of date.
   */
  note(box: Box, options?: CallOptions): Promise<void>;
  /** The boxes that are noted, by whomever, and not settled. */
  noted(options?: CallOptions): Promise<readonly Box[]>;
  /** Counts what is stored in the cells of a noted box, by body. */
  count(box: Box, options?: CallOptions): Promise<BodyShare>;
  /**
   * Brings the index of every body of these shares up to date; no other task may have a share of one of them. What the index says about
   * cells outside the shares' boxes stays. A body without voxels is removed. Repeatable.
   */
  update(shares: readonly BodyShare[], options?: CallOptions): Promise<void>;
  /** Forgets the notes of boxes whose index and coarser levels are right. */
  settle(boxes: readonly Box[], options?: CallOptions): Promise<void>;
  /** The supervoxels of a body; none where it does not exist. */
  supervoxelsOf(body: bigint, options?: CallOptions): Promise<readonly bigint[]>;
  /** The bodies of supervoxels, in their order; 0 for one that was split since. */
  bodiesOf(supervoxels: readonly bigint[], options?: CallOptions): Promise<readonly bigint[]>;
  /** Keeps a text beside the labels, in the same version. */
  keepRecord(key: string, text: string, options?: CallOptions): Promise<void>;
}

/** What a box of whole cells says about bodies. */
export interface BodyShare {
  readonly box: Box;
  /** Bodies that had a voxel there before, sorted. */
  readonly former: BigUint64Array;
  /** Columns of equal length: so many voxels in the cell have the supervoxel, which belongs to the body. */
  readonly bodies: BigUint64Array;
  readonly supervoxels: BigUint64Array;
  /** In the store's own numbers. */
  readonly cells: BigUint64Array;
  readonly voxels: Uint32Array;
}

/** A volume to be made. */
export interface VolumeSpec {
  readonly dtype: Dtype;
  readonly kind: "image" | "labels";
  readonly bounds: Box;
  readonly voxelSizeNm: Vec3;
  /** Wanted cell of the write grid (z, y, x); a driver without chunks ignores it. */
  readonly chunk?: Vec3;
  /** Driver options, e.g. `encoding`, `gzip`; unknown ones are refused by the driver. */
  readonly options?: Readonly<Record<string, string | number | boolean>>;
}

export interface SourceOptions extends CallOptions {
  /** Relative paths start here; the current folder by default. */
  readonly baseFolder?: string;
}

export interface MakeOptions extends CallOptions {
  /** A finished volume of the same kind may have the name; it gives way when the new one is published. */
  readonly replace?: boolean;
  /** Only where names have versions: none of them may hold anything, but what this owner has begun. */
  readonly empty?: boolean;
  /** Whose volume it is while it is unpublished, a few letters and digits: two owners never write to one temporary name. */
  readonly owner?: string;
}

/** A driver: how sources of one kind are named, recognised, opened and made. In names, `rest` is what follows `scheme://`. */
export interface StoreDriver {
  /** As in `precomputed://…`. */
  readonly scheme: string;
  /** For `--help` and error texts. */
  readonly summary: string;
  /** True when a bare path (no scheme) is obviously of this kind. May look at the file system. */
  matches(path: string): Promise<boolean>;
  /**
   * The name that means the same thing everywhere and always: an absolute path where names are paths, a version's full id where a server
   * keeps versions. Opening it opens what `rest` opens now.
   */
  normalise(rest: string, options?: SourceOptions): Promise<string>;
  /** `rest` is normalised. */
  open(rest: string, options?: CallOptions): Promise<VolumeStore>;
  /** Absent: read only. */
  readonly writer?: StoreWriter;
}

/**
 * The life of a written volume: made unpublished, written by many, published in one step. Where names are paths it lies under a temporary
 * name until then (`localLifecycle` has what all such drivers share). All `rest` are normalised.
 */
export interface StoreWriter {
  /** The write grid that `create` would give, without making anything; null when it can only be written whole. */
  planWriteGrid(rest: string, spec: VolumeSpec): WriteGrid | null;
  /**
   * Makes an empty (all zero) volume, unpublished, which the returned store's `source` names. `E_DESTINATION_EXISTS` when there is something
   * already; with `replace`, a volume of the final name may exist, and stays as it is until {@link publish} where the driver can do that.
   */
  create(rest: string, spec: VolumeSpec, options?: MakeOptions): Promise<VolumeStore>;
  /** Gives a created volume its final name in one step, replacing `replace`d content when asked; returns the store under that name. */
  publish(rest: string, options?: MakeOptions): Promise<VolumeStore>;
  /** Whether something lies under the final name. */
  exists(rest: string, options?: CallOptions): Promise<boolean>;
  /** What `create` made for this owner and nobody published yet; null when there is none, or when making it was broken off. */
  openUnpublished(rest: string, options?: MakeOptions): Promise<VolumeStore | null>;
  /** Takes back what `create` made for this owner and nobody published; a finished volume stays. */
  discardUnpublished(rest: string, options?: MakeOptions): Promise<void>;
  /**
   * Whether `create` can succeed, without making anything: `E_DESTINATION_EXISTS` when the name is taken (by something that may not be
   * replaced), `E_WRITE_FAILED` when nothing can be made or written there.
   */
  checkCanCreate(rest: string, options?: MakeOptions): Promise<void>;
  /** The highest id that may be written; absent: what 64 bit hold. */
  readonly highestId?: bigint;
  /**
   * Reserves `count` ids that nobody has or gets, at a destination that exists; the number below the first: `wished` where it holds no labels.
   * Absent: a destination starts empty.
   */
  reserveIds?(rest: string, count: number, wished: bigint, options?: CallOptions): Promise<bigint>;
}
