/**
 * Every error that a user can meet carries a code from this table, typed fields and a cause.
 * The message is written where it is thrown and says what was expected, what was found, where, and what to do.
 * `docs/reference/errors.md` mirrors the table; a test compares.
 */

/** How the command ends: `user` = something the user can mend (exit code 2), `run` = the run failed (exit code 1). */
export type ErrorKind = "user" | "run";

interface ErrorEntry {
  readonly kind: ErrorKind;
  /** One sentence for the table in the documentation. */
  readonly about: string;
}

export const ERRORS = {
  // command line
  E_USAGE: { kind: "user", about: "The command line, or a call of the library, has a wrong, missing or unknown argument." },
  // configuration
  E_CONFIG_READ: { kind: "user", about: "The configuration file cannot be read or parsed." },
  E_CONFIG_INVALID: { kind: "user", about: "The configuration has a wrong, missing or unknown key." },
  E_CONFIG_UNSUPPORTED: { kind: "user", about: "The configuration asks for something that this program does not have yet." },
  // geometry
  E_ROI_INVALID: { kind: "user", about: "The region of interest is malformed or has no voxel inside the volume." },
  E_PARTITION: { kind: "user", about: "The volume cannot be cut as asked (chunk size, border, write grid)." },
  // stores
  E_SOURCE_UNKNOWN: { kind: "user", about: "No store driver reads or writes the named source." },
  E_SOURCE_NAME: { kind: "user", about: "The name of a source or destination is malformed." },
  E_SOURCE_NOT_FOUND: { kind: "user", about: "The named source does not exist." },
  E_SOURCE_READ: { kind: "user", about: "A file of the source cannot be read, for instance because of its permissions." },
  E_SOURCE_DAMAGED: { kind: "user", about: "A file of the source is truncated, malformed or contradicts its description." },
  E_SOURCE_UNSUPPORTED: { kind: "user", about: "The source uses a feature that its driver cannot read or write." },
  E_DTYPE: { kind: "user", about: "The voxels have another data type than needed." },
  E_OUT_OF_BOUNDS: { kind: "user", about: "A box lies outside the volume or off the write grid." },
  E_DESTINATION_EXISTS: { kind: "user", about: "The destination exists already and is not this run's." },
  E_WRITE_FAILED: { kind: "user", about: "Writing failed, for instance because the disk is full." },
  // DVID
  E_DVID_UNREACHABLE: { kind: "user", about: "No DVID server answers at the address, or it stopped answering." },
  E_DVID_DENIED: { kind: "user", about: "The DVID server wants a token, an administrator or another right." },
  E_DVID_SERVER: { kind: "user", about: "The DVID server's own configuration lacks what is needed." },
  E_DVID_VERSION: {
    kind: "user",
    about: "The named version or branch is not on the DVID server, or is not the only one of that name.",
  },
  E_DVID_LOCKED: { kind: "user", about: "The version is committed, so nothing can be written to it." },
  E_DVID_INSTANCE: { kind: "user", about: "The data instance has another type, block size or other setting than needed." },
  E_DVID_LABELS: { kind: "user", about: "Labels or coordinates cannot be kept in a label instance of DVID." },
  E_DVID_ANSWER: { kind: "run", about: "An answer of the DVID server is cut short, or cannot be read." },
  E_DVID_LOST: { kind: "run", about: "The connection to the DVID server broke before it had said whether it did what was asked." },
  E_DVID_FAILED: { kind: "run", about: "The DVID server failed." },
  // segmentation
  E_PLUGIN_NOT_FOUND: { kind: "user", about: "A plug-in's module or function cannot be found." },
  E_PLUGIN_FAILED: { kind: "run", about: "A plug-in threw an error." },
  E_PLUGIN_RESULT: { kind: "user", about: "A plug-in returned something of the wrong shape, type or content." },
  E_PLUGIN_TIMEOUT: { kind: "run", about: "An isolated plug-in ran longer than its limit and was ended." },
  E_PLUGIN_MEMORY: { kind: "run", about: "An isolated plug-in used more memory than its limit and was ended." },
  E_PLUGIN_CRASHED: { kind: "run", about: "The process of an isolated plug-in ended before it answered." },
  E_TRAIN: { kind: "user", about: "A classifier cannot be trained from the volumes." },
  // engine and run
  E_MEMORY: { kind: "user", about: "A subvolume does not fit into the memory given." },
  E_TASK_DATA: {
    kind: "run",
    about: "A task cannot be sent to a worker: a row, parameter or result is no plain data, or there is no such stage.",
  },
  E_WORKER_DIED: { kind: "run", about: "A worker ended in the middle of a task." },
  E_RUN_LOCKED: { kind: "user", about: "Another process is using the run folder." },
  E_RUN_FOLDER: { kind: "user", about: "The folder is not a run folder, or lacks what is needed." },
  E_CHECKPOINT_DAMAGED: { kind: "run", about: "A checkpoint is truncated or altered." },
  E_LABELS_CHANGED: { kind: "run", about: "Labels that were lost and made again are not those that the run has stitched." },
  E_VERIFY_FAILED: { kind: "run", about: "The verification of the written result failed." },
  E_INTERRUPTED: { kind: "run", about: "The run was interrupted; it can be resumed." },
  // Spark
  E_SPARK_NOT_FOUND: { kind: "user", about: "Spark, or the Java that it needs, cannot be found on this machine." },
  E_SPARK_START: { kind: "run", about: "The Spark server that was to be started did not start." },
  E_SPARK_UNREACHABLE: { kind: "user", about: "No Spark Connect server answers at the address, or it refused the token." },
  E_SPARK_VERSION: { kind: "user", about: "The Spark server has another version than 4.1." },
  E_SPARK_WORKER: { kind: "user", about: "Spark's executors cannot run Node.js tasks." },
  E_SPARK_STORE: { kind: "user", about: "Spark's executors do not see the run folder." },
  E_SPARK_LOST: { kind: "run", about: "The session on the Spark server is gone; the run can be resumed." },
  E_SPARK_BUSY: { kind: "run", about: "A job that an earlier process of the run left on the Spark server does not end." },
  E_SPARK_FAILED: { kind: "run", about: "Spark failed to run a job." },
  // evaluation
  E_EVALUATE: { kind: "user", about: "The two volumes cannot be compared." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorFields = Readonly<Record<string, unknown>>;

/** What a user can meet: a code of {@link ERRORS}, a message for people, the same as fields for programs, and a cause where there is one. */
export class AxonloomError extends Error {
  override readonly name = "AxonloomError";
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  /** @param message expected, found, where, what to do. @param fields the same, for programs. */
  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fields = fields;
  }
}

/** True also for errors that crossed a thread or process and lost their class. */
export function isAxonloomError(error: unknown): error is AxonloomError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && Object.hasOwn(ERRORS, error.code);
}

/** An error as plain data, to cross threads, processes and files. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly fields: ErrorFields;
  readonly stack: string | null;
}

/** Any thrown value as plain data; what is not of this program has the code null. */
export function toPlainError(error: unknown): PlainError {
  if (isAxonloomError(error)) {
    return { code: error.code, message: error.message, fields: error.fields, stack: error.stack ?? null };
  }
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: null, message: known.message, fields: {}, stack: known.stack ?? null };
}

/** The error again, with the stack of the place where it was thrown; a plain Error where there is no code. */
export function fromPlainError(plain: PlainError): Error {
  const error = plain.code === null ? new Error(plain.message) : new AxonloomError(plain.code, plain.message, plain.fields);
  if (plain.stack !== null) error.stack = plain.stack;
  return error;
}
