/** Networks in ONNX Runtime, which is an optional package: loaded when first used. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { AxonloomError } from "../../../errors.ts";
import { reasonOf } from "../../../fs-errors.ts";

type Runtime = typeof import("onnxruntime-node");

/** A variable, so that bundlers leave it alone: it brings a library of the system. */
const PACKAGE = "onnxruntime-node";

export interface Network {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  run(input: NetworkArray): Promise<NetworkArray[]>;
}

export interface NetworkArray {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

const networks = new Map<string, Promise<Network>>();

/** One network a file and thread. Throws `E_PLUGIN_NOT_FOUND`: no runtime, or a file that it cannot read. */
export function openNetwork(weights: string, threads: number): Promise<Network> {
  const key = `${threads} ${weights}`;
  let network = networks.get(key);
  if (network === undefined) {
    network = load(weights, threads);
    networks.set(key, network);
    network.catch(() => networks.delete(key));
  }
  return network;
}

async function load(weights: string, threads: number): Promise<Network> {
  const { InferenceSession, Tensor } = await runtime();
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(weights, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new AxonloomError(
      "E_PLUGIN_NOT_FOUND",
      `onnx_predict: expected a network in ONNX format in ${weights}, found: ${reasonOf(cause)}`,
      { weights },
      cause,
    );
  }
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run({ data, shape }) {
      const type = data instanceof Float32Array ? "float32" : "uint8";
      const feed = new Tensor(type, data as never, [...shape]);
      const results = await session.run({ [session.inputNames[0]!]: feed });
      return session.outputNames.map((name) => asFloats(results[name]!, name));
    },
  };
}

async function runtime(): Promise<Runtime> {
  try {
    return (await import(PACKAGE)) as Runtime;
  } catch (cause) {
    throw new AxonloomError(
      "E_PLUGIN_NOT_FOUND",
      `onnx_predict: expected the package ${PACKAGE}, which runs networks, found: ${reasonOf(cause)}; install it beside this program: npm install --ignore-scripts ${PACKAGE}`,
      {},
      cause,
    );
  }
}

function asFloats({ type, data, dims }: Tensor, name: string): NetworkArray {
  if (data instanceof Float32Array || data instanceof Uint8Array) return { data, shape: dims };
  throw new AxonloomError("E_CONFIG_UNSUPPORTED", `onnx_predict: output ${name}: expected float32 or uint8, found ${type}`, {
    output: name,
    type,
  });
}
