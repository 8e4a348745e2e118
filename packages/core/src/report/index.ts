export type { HeatMap, HeatMapCell } from "./heat-map.ts";
export { type NeuroglancerLayer, neuroglancerLink } from "./neuroglancer.ts";
export { reportHtml } from "./page.ts";
export { type Axis, type BarPlot, type LinePlot, type Plot, plotSvg } from "./plot.ts";
export { svgToPng } from "./png.ts";
export { reportMarkdown, saveReport } from "./save.ts";
export { type Cell, type Column, csvTable, type Link, markdownTable, type Table } from "./table.ts";
export type { Report, ReportPart } from "./types.ts";
