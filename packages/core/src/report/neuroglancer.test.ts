import { expect, test } from "vitest";
import { neuroglancerLink } from "./neuroglancer.ts";

test("a link whose state Neuroglancer reads", () => {
  const bounds = { start: [0, 10, 20], stop: [20, 110, 220] } as const;
  const layer = { type: "segmentation", name: "segmentation", url: "http://127.0.0.1:9100/segmentation" } as const;
  const link = neuroglancerLink([layer], bounds, [50, 4, 4]);
  const [viewer, state] = link.split("#!");
  expect(viewer).toBe("https://neuroglancer-demo.appspot.com/");
  expect(state).not.toMatch(/[ "{}]/);
  expect(JSON.parse(decodeURIComponent(state!))).toEqual({
    dimensions: { x: [4e-9, "m"], y: [4e-9, "m"], z: [5e-8, "m"] },
    position: [120, 60, 10],
    layers: [{ type: "segmentation", name: "segmentation", source: "precomputed://http://127.0.0.1:9100/segmentation" }],
    layout: "4panel",
  });
});
