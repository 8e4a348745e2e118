/**
 * Plots of results: described as data, drawn by Vega-Lite without a browser.
 *
 * @example
 * const points = [{ series: "1 worker", x: 8, y: 3.1 }, { series: "1 worker", x: 27, y: 10.4 }];
 * const svg = await plotSvg({ kind: "lines", title: "Time", x: { title: "subvolumes" }, y: { title: "seconds" }, points });
 */
import type { TopLevelSpec } from "vega-lite";

export interface Axis {
  readonly title: string;
  readonly log?: boolean;
}

/** Stacked bars: one for each group, in a panel for each volume. */
export interface BarPlot {
  readonly kind: "bars";
  readonly title: string;
  readonly value: Axis;
  /** Panels, groups and parts are drawn in the order in which they first come. */
  readonly bars: readonly { readonly panel: string; readonly group: string; readonly part: string; readonly value: number }[];
}

/** Points joined by lines, a colour a series, in a panel where the points name one. */
export interface LinePlot {
  readonly kind: "lines";
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly { readonly panel?: string; readonly series: string; readonly x: number; readonly y: number }[];
}

export type Plot = BarPlot | LinePlot;

/** The family that text is drawn in; a PNG brings it along, a page takes what it has that is like it. */
export const FONT = "DejaVu Sans";
const FONTS = `${FONT}, Verdana, sans-serif`;

/** An SVG image on white. The same plot gives the same text. The library (half a second) is loaded when first needed. */
export async function plotSvg(plot: Plot): Promise<string> {
  const [vega, lite] = await Promise.all([import("vega"), import("vega-lite")]);
  const view = new vega.View(vega.parse(lite.compile(plotSpec(plot)).spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The plot in the words of Vega-Lite. */
export function plotSpec(plot: Plot): TopLevelSpec {
  const config = {
    font: FONTS,
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" as const },
    header: { labelFontSize: 12, title: null },
    legend: { title: null, labelFontSize: 11 },
    title: { fontSize: 13, anchor: "start" as const },
  };
  return plot.kind === "bars" ? { ...barSpec(plot), config } : { ...lineSpec(plot), config };
}

function barSpec({ title, value, bars }: BarPlot): TopLevelSpec {
  const parts = inOrder(bars.map(({ part }) => part));
  const panels = inOrder(bars.map(({ panel }) => panel));
  return {
    title,
    background: "white",
    padding: 10,
    data: { values: bars.map((bar) => ({ ...bar, order: parts.indexOf(bar.part) })) },
    facet: { column: { field: "panel", sort: panels } },
    spec: {
      width: { step: 24 },
      height: 220,
      mark: "bar",
      encoding: {
        x: {
          field: "group",
          type: "nominal",
          sort: inOrder(bars.map(({ group }) => group)),
          axis: { title: null, labelAngle: -40 },
        },
        y: { field: "value", type: "quantitative", axis: { title: value.title } },
        color: { field: "part", type: "nominal", scale: { domain: parts } },
        order: { field: "order", type: "quantitative" },
      },
    },
    // Volumes differ in how hard they are: each has its own scale.
    resolve: { scale: { x: "independent", y: "independent" } },
  };
}

function lineSpec({ title, x, y, points }: LinePlot): TopLevelSpec {
  const axis = (name: "x" | "y", { title, log = false }: Axis) => ({
    field: name,
    type: "quantitative" as const,
    axis: { title },
    scale: log ? { type: "log" as const, nice: true } : { zero: true },
  });
  const panels = inOrder(points.flatMap(({ panel }) => panel ?? []));
  const spec = {
    width: 260,
    height: 220,
    mark: { type: "line" as const, point: true },
    encoding: {
      x: axis("x", x),
      y: axis("y", y),
      color: { field: "series", type: "nominal" as const, scale: { domain: inOrder(points.map(({ series }) => series)) } },
    },
  };
  const top = { title, background: "white", padding: 10, data: { values: [...points] } };
  return panels.length === 0 ? { ...top, ...spec } : { ...top, facet: { column: { field: "panel", sort: panels } }, spec };
}

function inOrder(names: readonly string[]): string[] {
  return [...new Set(names)];
}
