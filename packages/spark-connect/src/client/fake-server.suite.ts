/** A Connect server in this process that answers as a test tells it. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition, status } from "@grpc/grpc-js";
import { ErrorInfoSchema, StatusSchema } from "../gen/google/rpc/error_pb.ts";
import {
  type ExecutePlanRequest,
  type ExecutePlanResponseSchema,
  type ReattachExecuteRequest,
  SparkConnectService,
} from "../gen/spark/connect/connect_pb.ts";

type Response = MessageInitShape<typeof ExecutePlanResponseSchema>;
/** Ends a response stream: `null` as planned, else with a status. */
export type End = null | { readonly code: number; readonly details: string; readonly errorClass?: string };

/** One call that carries responses, and how it is answered. */
export interface Script {
  readonly responses: readonly Response[];
  readonly end: End;
}

export interface FakeServer {
  readonly port: number;
  /** Requests in the order of their arrival, by method. */
  readonly requests: { readonly method: string; readonly request: unknown }[];
  close(): void;
}

const DETAILS = "grpc-status-details-bin";

/**
 * @param answer the script of each ExecutePlan and ReattachExecute call.
 * @param others answers to the other methods, by name; absent: an empty one.
 */
export async function startFakeServer(
  answer: (request: ExecutePlanRequest | ReattachExecuteRequest, call: number) => Script,
  others: Readonly<Record<string, () => object>> = {},
): Promise<FakeServer> {
  const requests: FakeServer["requests"] = [];
  const server = new Server();
  let calls = 0;
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: Record<string, (call: never, callback: never) => void> = {};
  for (const method of SparkConnectService.methods) {
    definition[method.name] = {
      path: `/${SparkConnectService.typeName}/${method.name}`,
      requestStream: method.methodKind === "client_streaming",
      responseStream: method.methodKind === "server_streaming",
      requestSerialize: (message: object) => Buffer.from(toBinary(method.input, message as never)),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (init: object) => Buffer.from(toBinary(method.output, create(method.output, init as never))),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    };
    handlers[method.name] =
      method.methodKind === "server_streaming"
        ? (call: ServerDuplexStream<unknown, Response> & { request: ExecutePlanRequest }) => {
            requests.push({ method: method.name, request: call.request });
            const { responses, end } = answer(call.request, calls++);
            for (const response of responses) call.write(response);
            if (end === null) call.end();
            else call.emit("error", { code: end.code, details: end.details, metadata: metadataOf(end) });
          }
        : (call: { request: unknown }, callback: (error: null, response: object) => void) => {
            requests.push({ method: method.name, request: call.request });
            callback(null, others[method.name]?.() ?? {});
          };
  }
  server.addService(definition as ServiceDefinition, handlers as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { port, requests, close: () => server.forceShutdown() };
}

function metadataOf(end: NonNullable<End>): Metadata {
  const metadata = new Metadata();
  if (end.errorClass === undefined) return metadata;
  const info = create(ErrorInfoSchema, {
    reason: "org.example.Failure",
    domain: "org.apache.spark",
    metadata: { errorClass: end.errorClass },
  });
  const details = create(StatusSchema, { code: end.code, message: end.details, details: [anyPack(ErrorInfoSchema, info)] });
  metadata.set(DETAILS, Buffer.from(toBinary(StatusSchema, details)));
  return metadata;
}

export const UNAVAILABLE: End = { code: status.UNAVAILABLE, details: "connection lost" };
