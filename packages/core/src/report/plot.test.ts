import { decode } from "fast-png";
import { expect, test } from "vitest";
import { type Plot, plotSvg } from "./plot.ts";
import { svgToPng } from "./png.ts";

const bars: Plot = {
  kind: "bars",
  title: "VI of <policies>",
  value: { title: "bits" },
  bars: [
    { panel: "clean", group: "none", part: "f.merge", value: 1 },
    { panel: "clean", group: "none", part: "f.split", value: 3 },
    { panel: "clean", group: "medium", part: "f.merge", value: 2 },
    { panel: "damaged", group: "none", part: "f.merge", value: 5 },
  ],
};

/** Heights of the bars: rectangles of the marks. */
function heights(svg: string): number[] {
  return [...svg.matchAll(/aria-roledescription="bar" d="M[^v]*v(-?[\d.]+)/g)].map(([, height]) => Math.abs(Number(height)));
}

test("bars are as high as their values, each panel in its own scale, and the same each time", async () => {
  const svg = await plotSvg(bars);
  expect(svg).toBe(await plotSvg(bars));
  expect(svg).toContain("VI of &lt;policies&gt;");
  for (const word of ["clean", "damaged", "medium", "f.split", "bits"]) expect(svg).toContain(word);
  const [none, split, medium, alone] = heights(svg);
  expect(split! / none!).toBeCloseTo(3);
  expect(medium! / none!).toBeCloseTo(2);
  expect(alone).toBeGreaterThan(medium!);
});

test("a logarithmic plot has equal steps for equal ratios", async () => {
  const points = [1, 10, 100].map((x) => ({ series: "s", x, y: x ** 2 }));
  const axes = { x: { title: "x", log: true }, y: { title: "y", log: true } };
  const svg = await plotSvg({ kind: "lines", title: "t", ...axes, points });
  const places = [...svg.matchAll(/transform="translate\(([\d.]+),([\d.]+)\)" d="M[^"]*A/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  );
  expect(places).toHaveLength(4); // the last is the legend's
  expect(places[2]![0] - places[1]![0]).toBeCloseTo(places[1]![0] - places[0]![0]);
  expect(places[2]![1] - places[1]![1]).toBeCloseTo(places[1]![1] - places[0]![1]);
});

test("the PNG is the SVG at twice its size, letters included", async () => {
  const ink = async (title: string) => {
    const svg = await plotSvg({ ...bars, title });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
    const { width: w, height: h, data, channels } = decode(await svgToPng(svg));
    expect([w, h]).toEqual([2 * Number(width), 2 * Number(height)]);
    let dark = 0;
    for (let i = 0; i < data.length; i += channels) if (data[i]! < 100 && data[i + 1]! < 100 && data[i + 2]! < 100) dark += 1;
    return dark;
  };
  expect(await ink("MMMMMMMMMM")).toBeGreaterThan((await ink(".")) + 500);
});
