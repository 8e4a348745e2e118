/** JSON with labels: recorded answers, the same as JSON.parse where that is right, damage. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { goldenAvailable, goldenText } from "./golden.suite.ts";
import { formatLabelJson, type LabelJson, parseLabelJson } from "./label-json.ts";

const ANSWER = expect.objectContaining({ code: "E_DVID_ANSWER" });

/** What JSON.parse gives, with integers as bigints. */
function expected(value: unknown): LabelJson {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== "object" || value === null) return value as LabelJson;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expected(item)]));
}

test("integers of any size; all else as JSON.parse", () => {
  const number = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      number,
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.constant(null),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("tree"), { maxLength: 4 }),
    object: fc.dictionary(fc.string(), tie("tree"), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseLabelJson(text)).toEqual(expected(JSON.parse(text)));
    }),
    { numRuns: 100 },
  );
  const ids = fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }));
  fc.assert(
    fc.property(ids, (list) => {
      expect(parseLabelJson(formatLabelJson(list))).toEqual(list);
    }),
  );
  expect(formatLabelJson({ "a\n": [2n ** 64n - 1n, null, 0.5, "\u2028", true] })).toBe(
    '{"a\\n":[18446744073709551615,null,0.5,"\u2028",true]}',
  );
  expect(parseLabelJson(" [ 1e3 , -0.0 , 12 ] ")).toEqual([1000, -0, 12n]);
  expect(Object.keys(parseLabelJson('{"__proto__": 1}') as object)).toEqual(["__proto__"]);
});

test.each(
  [
    ["", "expected a value at character 0 of a JSON text, found the end"],
    ["[1, 2", 'expected "," or "]" at character 5'],
    ["[1,]", "expected a value at character 3"],
    ["[01]", 'expected "," or "]" at character 2'],
    ["{a: 1}", "expected a string at character 1"],
    ['{"a" 1}', 'expected ":" at character 5'],
    ['["a\nb"]', "expected a string at character 1"],
    ['["\\x"]', "expected a string at character 1"],
    ['["a', "expected a string at character 1"],
    ["[1] error reading", "expected the end at character 4"],
    ["nul", "expected a value at character 0"],
    ["-", "expected a value at character 0"],
    ["[".repeat(100_000), "nested more than 200 deep"],
  ].map(([text, why]) => [why!, text!]),
)("no JSON: %s", (why, text) => {
  expect(() => parseLabelJson(text)).toThrow(ANSWER);
  expect(() => parseLabelJson(text)).toThrow(why);
});

test.skipIf(!goldenAvailable)("answers recorded from a server, labels above 2^53 among them", () => {
  const big = 2n ** 64n - 2n;
  for (const [name, value] of Object.entries<LabelJson>({
    "q_label_1_1_1.txt": { Label: 7n },
    "q_label_300_50_50.txt": { Label: big },
    "q_labels.txt": [7n, 9007199254740993n, big, 0n],
    "q_maxlabel.txt": { maxlabel: big },
    "q_nextlabel.txt": { nextlabel: big + 1n },
    "q_sizes.txt": [262_144n, 126_976n, 0n],
    "q_mapping.txt": [7n, 11n, 0n],
    "q_supervoxel-sizes_7.txt": { supervoxels: [7n], sizes: [262_144n] },
    "cleave.txt": { CleavedLabel: 6n, MutationID: 1_000_000_004n },
  })) {
    expect(parseLabelJson(goldenText(name)), name).toEqual(value);
  }
  expect(parseLabelJson(goldenText("q_info.txt"))).toMatchObject({
    Extended: { MaxLabel: { "1": big }, BlockSize: [64n, 64n, 64n] },
  });
  for (const name of ["gray_info.json", "server_info.json", "roi_partition4.json"]) {
    expect(parseLabelJson(goldenText(name))).toEqual(expected(JSON.parse(goldenText(name))));
  }
  expect(JSON.stringify(parseLabelJson(goldenText("repos_info.json")), (_, v) => (typeof v === "bigint" ? "id" : v))).toContain(
    '"MaxLabel":{"1":"id"}',
  );
});
