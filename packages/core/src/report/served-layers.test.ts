import { expect, test } from "vitest";
import { servedLayers } from "./served-layers.ts";

const volume = (name: string, source: string) => ({ type: "segmentation" as const, name, source });

test("the deepest folder that holds all of them is served", () => {
  const volumes = [volume("a", "precomputed:///data/run 1/a"), volume("b", "/data/run 2/deep/b"), volume("c", "npy:///data/c.npy")];
  expect(servedLayers(volumes)).toEqual({
    folder: "/data",
    layers: [
      { type: "segmentation", name: "a", url: "http://127.0.0.1:9100/run%201/a" },
      { type: "segmentation", name: "b", url: "http://127.0.0.1:9100/run%202/deep/b" },
    ],
  });
});

test("a folder whose name begins alike is no folder above; the root is one", () => {
  expect(servedLayers([volume("a", "precomputed:///data/x/a"), volume("b", "precomputed:///data/xy/b")])?.folder).toBe("/data");
  expect(servedLayers([volume("a", "precomputed:///one/a"), volume("b", "precomputed:///two/b")])?.folder).toBe("/");
  expect(servedLayers([volume("a", "precomputed:///one/a")])?.folder).toBe("/one");
  expect(servedLayers([volume("c", "npy:///data/c.npy")])).toBeNull();
});
