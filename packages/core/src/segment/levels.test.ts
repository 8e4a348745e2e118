import { expect, test } from "vitest";
import { atMost, channelOf, levelsOf } from "./levels.ts";

test("u8 levels are the values, float levels round(p * 65535)", () => {
  const bytes = Uint8Array.of(0, 51, 255);
  expect(levelsOf(bytes)).toEqual({ data: bytes, top: 255 });
  expect(levelsOf(Float32Array.of(0, 0.5, 1, 1e-6, 8e-6)).data).toEqual(Uint16Array.of(0, 32768, 65535, 0, 1));
});

test("a threshold that the map was made from is met, in every type", () => {
  expect(atMost(Uint8Array.of(50, 51, 52), 0.2, null)).toEqual(Uint8Array.of(1, 1, 0));
  expect(atMost(Float32Array.of(0.1999, 0.2, 0.2001), 0.2, null)).toEqual(Uint8Array.of(1, 1, 0));
  expect(atMost(Float32Array.of(0.1999, 0.2, 0.2001), 0.2, null, true)).toEqual(Uint8Array.of(1, 0, 0));
  expect(atMost(Uint8Array.of(50, 51, 52), 0.2, null, true)).toEqual(Uint8Array.of(1, 0, 0));
  expect(atMost(Uint8Array.of(0, 0, 0), 0.2, Uint8Array.of(1, 0, 1))).toEqual(Uint8Array.of(1, 0, 1));
});

test("a channel of several", () => {
  const data = Float32Array.of(0.1, 0.2, 0.3, 0.4);
  expect(channelOf({ data, shape: [1, 1, 2, 2] }, 1, "f")).toEqual(Float32Array.of(0.2, 0.4));
  expect(channelOf({ data, shape: [1, 1, 4, 1] }, 0, "f")).toBe(data);
  expect(() => channelOf({ data, shape: [1, 1, 2, 2] }, 2, "f")).toThrow(
    /boundary_channel 2 does not exist: the predictions have 2 channels/,
  );
});
