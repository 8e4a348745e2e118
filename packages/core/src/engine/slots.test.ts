import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { planSlots } from "./slots.ts";

const GIB = 2 ** 30;
const cores = availableParallelism();

test("as many as memory and cores allow; half a gibibyte is left for the system", () => {
  const slots = (memoryBytes: number) => planSlots({ bytesPerTask: GIB, memoryBytes }).slots;
  expect(slots(1.5 * GIB)).toBe(1);
  expect(slots(1.5 * GIB + (cores - 1) * GIB)).toBe(cores);
  expect(slots(1000 * GIB + 8 * cores * GIB)).toBe(cores);
});

test("a task of several cores takes the place of several", () => {
  const slots = (coresPerTask: number) => planSlots({ bytesPerTask: 1, memoryBytes: 4 * GIB, coresPerTask }).slots;
  expect(slots(1)).toBe(cores);
  expect(slots(cores)).toBe(1);
  expect(slots(cores + 1)).toBe(1);
});

test("a wanted number is kept, also above the number of cores", () => {
  const planned = planSlots({ bytesPerTask: GIB, memoryBytes: 100 * GIB, wanted: cores + 3 });
  expect(planned).toEqual({ slots: cores + 3, bytesPerTask: GIB, memoryBytes: 100 * GIB, cores });
});

test("what does not fit is refused with the figures", () => {
  expect(() => planSlots({ bytesPerTask: GIB, memoryBytes: 1.49 * GIB })).toThrow(
    expect.objectContaining({
      code: "E_MEMORY",
      message: expect.stringMatching(/1\.00 GiB for one subvolume.*1\.49 GiB are there/),
    }),
  );
  expect(() => planSlots({ bytesPerTask: GIB, memoryBytes: 3 * GIB, wanted: 3 })).toThrow(
    expect.objectContaining({ code: "E_MEMORY", message: expect.stringMatching(/3 worker\(s\) need 3\.00 GiB.*fewer workers/) }),
  );
  expect(() => planSlots({ bytesPerTask: GIB, memoryBytes: 0 })).toThrow(expect.objectContaining({ code: "E_MEMORY" }));
  expect(() => planSlots({ bytesPerTask: 1, memoryBytes: GIB, wanted: 0 })).toThrow(expect.objectContaining({ code: "E_MEMORY" }));
});

test("without a number the machine's memory counts", () => {
  const { memoryBytes } = planSlots({ bytesPerTask: 1 });
  expect(memoryBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(() => planSlots({ bytesPerTask: memoryBytes })).toThrow(expect.objectContaining({ code: "E_MEMORY" }));
});
