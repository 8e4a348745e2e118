/** The heat map of a page: a measure of each subvolume as a colour, one z layer at a time. */
import { escapeHtml, jsonForHtml } from "./html.ts";

export interface HeatMap {
  readonly title: string;
  readonly measures: readonly {
    readonly name: string;
    readonly unit: string;
    /** Differences: 0 is in the middle of the colours. */
    readonly signed?: boolean;
  }[];
  readonly cells: readonly HeatMapCell[];
}

export interface HeatMapCell {
  /** Corners x, y, z, the upper one exclusive. */
  readonly box_xyz: readonly [start: readonly number[], stop: readonly number[]];
  /** One for each measure; null is left grey. */
  readonly values: readonly (number | null)[];
  /** Opened by a click. */
  readonly href?: string;
}

/** The element with its data; {@link heatMapScript} draws it. */
export function heatMapHtml(map: HeatMap): string {
  return `<section class="heat-map"><h2>${escapeHtml(map.title)}</h2>
<p><label>Measure <select></select></label><label>Layer <input type="range" min="0" value="0" step="1"> <output></output></label></p>
<figure></figure>
<script type="application/json">${jsonForHtml(map)}</script></section>`;
}

/** What a browser runs: fills every `.heat-map` of the page. Colours span all layers, so that these compare; the first is that of the worst cell. */
export const heatMapScript = `
"use strict";
const RAMP = [[255, 250, 235], [253, 200, 110], [240, 128, 60], [196, 48, 43], [80, 12, 46]];
const SIGNED = [[31, 95, 168], [247, 247, 247], [179, 32, 44]];
const WIDTH = 416, BAR = 14;

function colour(ramp, t) {
  const at = Math.min(1, Math.max(0, t)) * (ramp.length - 1);
  const i = Math.min(ramp.length - 2, Math.floor(at));
  return "rgb(" + ramp[i].map((low, c) => Math.round(low + (at - i) * (ramp[i + 1][c] - low))).join(",") + ")";
}

function element(parent, name, attributes, text) {
  const made = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

for (const section of document.querySelectorAll(".heat-map")) {
  const map = JSON.parse(section.querySelector("script").textContent);
  const select = section.querySelector("select"), slider = section.querySelector("input");
  const output = section.querySelector("output"), figure = section.querySelector("figure");
  const layers = [...new Set(map.cells.map((cell) => cell.box_xyz[0][2]))].sort((a, b) => a - b);
  const low = [0, 1].map((axis) => Math.min(...map.cells.map((cell) => cell.box_xyz[0][axis])));
  const high = [0, 1].map((axis) => Math.max(...map.cells.map((cell) => cell.box_xyz[1][axis])));
  const scale = WIDTH / Math.max(1, high[0] - low[0], high[1] - low[1]);
  for (const measure of map.measures) select.append(new Option(measure.name + " (" + measure.unit + ")"));
  slider.max = Math.max(0, layers.length - 1);

  function draw() {
    const m = select.selectedIndex, measure = map.measures[m];
    const all = map.cells.map((cell) => cell.values[m]).filter((value) => value !== null);
    const most = Math.max(...all.map(Math.abs), 0);
    const [ramp, least] = measure.signed ? [SIGNED, -most] : [RAMP, 0];
    const place = (value) => (most === least ? 0 : (value - least) / (most - least));
    const z = layers[slider.value];
    const cells = map.cells.filter((cell) => cell.box_xyz[0][2] === z);
    output.textContent = "z " + z + " to " + cells[0].box_xyz[1][2];
    const height = (high[1] - low[1]) * scale;
    figure.replaceChildren();
    const svg = element(figure, "svg", { viewBox: [-1, -1, WIDTH + 90, height + 2].join(" "), role: "img" });
    for (const cell of cells) {
      const [start, stop] = cell.box_xyz, value = cell.values[m];
      const parent = cell.href === undefined ? svg : element(svg, "a", { href: cell.href, target: "_blank" });
      const rect = element(parent, "rect", {
        x: (start[0] - low[0]) * scale, y: (start[1] - low[1]) * scale,
        width: (stop[0] - start[0]) * scale, height: (stop[1] - start[1]) * scale,
        fill: value === null ? "#ccc" : colour(ramp, place(value)), stroke: "#ddd",
      });
      const said = value === null ? "not measured" : value.toFixed(4) + " " + measure.unit;
      element(rect, "title", {}, "x " + start[0] + "–" + stop[0] + ", y " + start[1] + "–" + stop[1] + ": " + said);
    }
    const tall = Math.min(height, 208);
    for (let i = 0; i < 64; i++) {
      element(svg, "rect", { x: WIDTH + 12, y: (tall * i) / 64, width: BAR, height: tall / 64 + 0.5, fill: colour(ramp, 1 - i / 63) });
    }
    const label = (y, value) => element(svg, "text", { x: WIDTH + 30, y, "font-size": 12 }, value.toPrecision(3));
    label(10, most);
    label(tall, least);
  }
  select.addEventListener("change", draw);
  slider.addEventListener("input", draw);
  if (map.cells.length > 0 && map.measures.length > 0) {
    const worst = map.cells.reduce((p, q) => ((q.values[0] ?? 0) > (p.values[0] ?? 0) ? q : p));
    slider.value = layers.indexOf(worst.box_xyz[0][2]);
    draw();
  }
}
`;
