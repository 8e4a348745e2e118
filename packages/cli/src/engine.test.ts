import { InvalidArgumentError } from "commander";
import { expect, test } from "vitest";
import { engineChoice, engineOf } from "./engine.ts";

test("the engines that can be named", () => {
  expect(engineChoice("local")).toEqual({ kind: "local" });
  expect(engineChoice("spark-local")).toEqual({ kind: "spark-local", workers: null });
  expect(engineChoice("spark-local[*]")).toEqual({ kind: "spark-local", workers: null });
  expect(engineChoice("spark-local[3]")).toEqual({ kind: "spark-local", workers: 3 });
  expect(engineChoice("sc://host:15002/;token=a")).toEqual({ kind: "connect", url: "sc://host:15002/;token=a" });
  for (const master of ["spark://host:7077", "spark://a:7077,b:7077", "yarn", "k8s://https://host:6443"]) {
    expect(engineChoice(master)).toEqual({ kind: "cluster", master });
  }
  for (const text of ["", "spark", "spark-local[0]", "spark-local[2,3]", "spark://", "yarn://host", "http://host"]) {
    expect(() => engineChoice(text)).toThrow(InvalidArgumentError);
  }
});

test("only Spark needs a factory of its own", () => {
  expect(engineOf({}, 1)).toBeNull();
  expect(engineOf({ engine: engineChoice("local") }, 1)).toBeNull();
  expect(engineOf({ engine: engineChoice("spark-local[2]") }, 1)).toBeInstanceOf(Function);
});
