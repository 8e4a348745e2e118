import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ErrorInfoSchema, StatusSchema } from "../gen/google/rpc/error_pb.ts";
import { FetchErrorDetailsResponseSchema } from "../gen/spark/connect/connect_pb.ts";
import { errorClassOf, isTransient, toSparkError } from "./remote-error.ts";

function serviceError(code: number, details: string, trailer?: Uint8Array): ServiceError {
  const metadata = new Metadata();
  if (trailer !== undefined) metadata.set("grpc-status-details-bin", Buffer.from(trailer));
  return Object.assign(new Error(details), { code, details, metadata });
}

function sparkError(metadata: Record<string, string>, reason = "org.example.Failure"): ServiceError {
  const info = create(ErrorInfoSchema, { reason, domain: "org.apache.spark", metadata });
  return serviceError(
    status.INTERNAL,
    "short",
    toBinary(StatusSchema, create(StatusSchema, { details: [anyPack(ErrorInfoSchema, info)] })),
  );
}

test("the trailer alone: class, state, parameters", () => {
  const error = sparkError({ errorClass: "A.B", sqlState: "42P01", messageParameters: '{"a":"1"}' });
  expect(toSparkError(error, "here", null)).toMatchObject({
    code: "E_SPARK_QUERY",
    errorClass: "A.B",
    sqlState: "42P01",
    message: "short",
    fields: { grpcStatus: 13, remote: { javaClass: "org.example.Failure", parameters: { a: "1" }, cause: null } },
  });
  expect(toSparkError(sparkError({ messageParameters: '{"a":"shorten' }), "here", null).fields.remote!.parameters).toEqual({});
});

test("details: the whole message, stack and causes, also when they run in a circle", () => {
  const at = { declaringClass: "org.X", methodName: "f", fileName: "X.scala", lineNumber: 3 };
  const details = create(FetchErrorDetailsResponseSchema, {
    rootErrorIdx: 1,
    errors: [
      { errorTypeHierarchy: ["Inner"], message: "why", causeIdx: 1 },
      {
        errorTypeHierarchy: ["Outer", "Base"],
        message: "the whole",
        stackTrace: [at],
        causeIdx: 0,
        sparkThrowable: { errorClass: "C", sqlState: "S" },
      },
    ],
  });
  const error = toSparkError(sparkError({}), "here", details, { operationId: "o" });
  expect(error).toMatchObject({
    message: "the whole",
    errorClass: "C",
    fields: {
      operationId: "o",
      remote: {
        javaClass: "Outer",
        stackTrace: ["org.X.f(X.scala:3)"],
        cause: { javaClass: "Inner", message: "why", cause: null },
      },
    },
  });
});

test("what a server says that is being stopped", () => {
  for (const message of ["Job 3 cancelled because SparkContext was shut down", "Cannot call methods on a stopped SparkContext."]) {
    const details = create(FetchErrorDetailsResponseSchema, { rootErrorIdx: 0, errors: [{ message }] });
    expect(toSparkError(sparkError({}), "here", details).code).toBe("E_SPARK_SESSION_LOST");
  }
});

test("failures on the way are transient, Spark's own are not", () => {
  expect(isTransient(serviceError(status.UNAVAILABLE, "Connection dropped"))).toBe(true);
  expect(isTransient(serviceError(status.INTERNAL, "Received RST_STREAM with code 2"))).toBe(true);
  expect(isTransient(serviceError(status.INTERNAL, "x"))).toBe(false);
  expect(isTransient(serviceError(status.UNAUTHENTICATED, "No token"))).toBe(false);
  expect(isTransient(serviceError(status.RESOURCE_EXHAUSTED, "too large"))).toBe(false);
  expect(isTransient(sparkError({ errorClass: "X" }))).toBe(false);
  expect(isTransient(sparkError({ errorClass: "INVALID_CURSOR.DISCONNECTED" }))).toBe(true);
  expect(isTransient(new Error("x"))).toBe(false);
});

test("any trailer gives an error with a code", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.string(), fc.uint8Array(), (code, details, trailer) => {
      const error = serviceError(code, details, trailer);
      expect(typeof errorClassOf(error)).toBe("string");
      expect(toSparkError(error, "here", null).code).toMatch(/^E_SPARK_/);
    }),
  );
});
