/** One task on the main thread: moves input from the socket to the compute thread and answers from there to the socket. */
import { EVAL_TYPE, unpackCommand } from "../function.ts";
import type { Answer } from "./answer.ts";
import type { ByteReader } from "./byte-reader.ts";
import { itemBytes, Reports, Window } from "./channel.ts";
import type { ComputeThread } from "./compute-thread.ts";
import { readInput } from "./input.ts";
import { readTaskHeader, type TaskHeader } from "./task-header.ts";

/** Input that a function left unread is skipped up to here to keep the connection; beyond, a new process is cheaper. */
const SKIP_BYTES = 2 ** 20;
/** Spark writes the header in one piece. */
const HEADER_TIMEOUT_MS = 30_000;
const LARGE_TYPES = "spark.sql.execution.arrow.useLargeVarTypes";

/** The function threw: the message is the whole text for the driver, stack and causes included. */
export class FunctionFailed extends Error {}

/**
 * Runs the task that begins with `index`. True: Spark may send the next one on this connection.
 * Throws `FunctionFailed`, or `E_SPARK_PROTOCOL`, `E_SPARK_VERSION`; `answer` then takes the exception.
 */
export async function runTask(index: number, reader: ByteReader, answer: Answer, compute: ComputeThread): Promise<boolean> {
  const header = await inTime(readTaskHeader(reader, index), reader);
  const init = Date.now();
  const { input, computed } = startCompute(header, reader, answer, compute);
  try {
    await Promise.race([computed, input.failed]); // damaged input fails the task at once
  } catch (error) {
    input.stop();
    throw error;
  }
  const times = { boot: performance.timeOrigin, init, finish: Date.now() };
  if (input.complete) {
    await answer.finish(times, true);
    return true;
  }
  await answer.finish(times, null);
  const reusable = await input.skip();
  await answer.reusable(reusable);
  return reusable;
}

function startCompute(header: TaskHeader, reader: ByteReader, answer: Answer, compute: ComputeThread) {
  const { command: bytes, runnerConf, ...rest } = header;
  const command = unpackCommand(bytes);
  checkOffsets(header, reader);
  const largeTypes = runnerConf[LARGE_TYPES] === "true";
  // From the second task on the schema goes out without asking the compute thread: Spark holds the input back until it hears something.
  const schemaKey = `${largeTypes} ${command.output}`;
  const schema = compute.schemas.get(schemaKey);
  if (schema !== undefined) void answer.messages(schema);
  const input = new InputPump(header, reader, compute);
  const written = new Reports((count) => compute.written(count));
  const computed = new Promise<void>((resolve, reject) => {
    compute.start(
      { ...rest, command, largeTypes, schemaSent: schema !== undefined },
      {
        consumed: (count) => input.window.remove(count),
        output: (message) => {
          if (!answer.streaming) compute.schemas.set(schemaKey, message.slice());
          void answer.messages(message).then(() => written.add(message.byteLength));
        },
        done: resolve,
        failed: (text) => reject(new FunctionFailed(text)),
      },
    );
  });
  computed.catch(() => {}); // damaged input may end the task before
  input.start();
  return { input, computed };
}

/** Reads ahead of the function as far as the window allows. */
class InputPump {
  readonly window = new Window();
  readonly failed: Promise<never>;
  complete = false;
  readonly #header: TaskHeader;
  readonly #reader: ByteReader;
  readonly #compute: ComputeThread;
  #fail!: (error: unknown) => void;
  #skipping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(header: TaskHeader, reader: ByteReader, compute: ComputeThread) {
    this.#header = header;
    this.#reader = reader;
    this.#compute = compute;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // is looked at while the function runs
  }

  start(): void {
    this.#running = this.#pump().catch(this.#fail);
  }

  /** The function is done: throws away the rest, if it is small. True when the input's end has been read. */
  async skip(): Promise<boolean> {
    this.stop();
    await this.#running;
    return this.complete;
  }

  /** Nothing more goes to the function. */
  stop(): void {
    this.#skipping = true;
    this.window.close();
  }

  async #pump(): Promise<void> {
    let skipped = 0;
    for await (const item of readInput(this.#reader, this.#header.evalType)) {
      if (item.kind === "done") this.complete = true;
      if (this.#skipping) {
        skipped += itemBytes(item);
        if (skipped > SKIP_BYTES) return;
        continue;
      }
      this.window.add(itemBytes(item));
      this.#compute.input(item);
      await this.window.room();
    }
  }
}

/** [L, keys, key offsets …, value offsets …], once for a group, twice for a cogroup, nothing of interest for a map. */
function checkOffsets({ evalType, argumentOffsets }: TaskHeader, reader: ByteReader): void {
  if (evalType === EVAL_TYPE.map) return;
  let at = 0;
  for (let runs = evalType === EVAL_TYPE.group ? 1 : 2; runs > 0; runs--) {
    const [length = -1, keys = -1] = argumentOffsets.slice(at);
    if (length < 1 || keys < 0 || keys >= length) throw reader.error("argument offsets [L, keys, …]", `[${argumentOffsets}]`);
    at += length + 1;
  }
  if (at !== argumentOffsets.length) throw reader.error(`${at} argument offsets`, `[${argumentOffsets}]`);
}

async function inTime<T>(work: Promise<T>, reader: ByteReader): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(reader.error(`the header of a task within ${HEADER_TIMEOUT_MS / 1000} s`, "nothing more"));
    }, HEADER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
