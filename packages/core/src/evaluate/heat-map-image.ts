/**
 * A layer of a heat map as a picture: cells in colour, gray where there is nothing, and a colour bar from 0 to the largest value.
 *
 *     ┌──┬──┬──┐  ┌─┐ 1.25
 *     │  │  │  │  │ │
 *     ├──┼──┼──┤  │ │
 *     │  │  │  │  │ │
 *     └──┴──┴──┘  └─┘ 0
 */
import { encode } from "fast-png";
import type { HeatMapGrid } from "./heat-map.ts";

/** The larger side of the map, without the bar. */
const MAP_PIXELS = 480;
const MARGIN = 16;
const BAR_WIDTH = 20;
const LABEL_SCALE = 3;
const LABEL_WIDTH = 6 * 4 * LABEL_SCALE;

type Rgb = readonly [number, number, number];

/** Five colours of matplotlib's inferno (N. Smith, S. van der Walt; CC0), dark to bright. */
const COLOURS: readonly Rgb[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];
const NOTHING: Rgb = [160, 160, 160];
const BACKGROUND: Rgb = [255, 255, 255];
const LINE: Rgb = [64, 64, 64];

/** Digits of 3 x 5 pixels, a row in three bits, top first. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  "0": [7, 5, 5, 5, 7],
  "1": [2, 6, 2, 2, 7],
  "2": [7, 1, 7, 4, 7],
  "3": [7, 1, 7, 1, 7],
  "4": [5, 5, 7, 1, 1],
  "5": [7, 4, 7, 1, 7],
  "6": [7, 4, 7, 5, 7],
  "7": [7, 1, 1, 2, 2],
  "8": [7, 5, 7, 5, 7],
  "9": [7, 5, 7, 1, 7],
  ".": [0, 0, 0, 0, 2],
};

/** The colour of a value from 0 to 1. */
export function colourOf(fraction: number): Rgb {
  const at = Math.min(1, Math.max(0, fraction)) * (COLOURS.length - 1);
  const k = Math.min(COLOURS.length - 2, Math.floor(at));
  const [from, to] = [COLOURS[k]!, COLOURS[k + 1]!];
  const mix = (c: 0 | 1 | 2) => Math.round(from[c] + (to[c] - from[c]) * (at - k));
  return [mix(0), mix(1), mix(2)];
}

/** PNG of layer `z` of the map, x to the right, y downwards. @param most the value at the top of the bar. */
export function drawHeatMap({ shape, cell, values }: HeatMapGrid, z: number, most: number): Uint8Array {
  const [, ny, nx] = shape;
  const scale = MAP_PIXELS / Math.max(ny * cell[1], nx * cell[2]);
  const [cellHeight, cellWidth] = [Math.max(1, Math.round(cell[1] * scale)), Math.max(1, Math.round(cell[2] * scale))];
  const [mapHeight, mapWidth] = [ny * cellHeight, nx * cellWidth];
  const barLeft = MARGIN + mapWidth + MARGIN;
  const barHeight = Math.max(mapHeight, 5 * LABEL_SCALE * 3);
  const picture = new Picture(barLeft + BAR_WIDTH + MARGIN / 2 + LABEL_WIDTH + MARGIN, barHeight + 2 * MARGIN);
  const line = Math.min(cellHeight, cellWidth) >= 8 ? 1 : 0;
  picture.fill(MARGIN - 1, MARGIN - 1, mapWidth + 2, mapHeight + 2, LINE);
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const value = values[(z * ny + y) * nx + x]!;
      const colour = Number.isNaN(value) ? NOTHING : colourOf(most === 0 ? 0 : value / most);
      picture.fill(MARGIN + x * cellWidth, MARGIN + y * cellHeight, cellWidth - line, cellHeight - line, colour);
    }
  }
  picture.fill(barLeft - 1, MARGIN - 1, BAR_WIDTH + 2, barHeight + 2, LINE);
  for (let y = 0; y < barHeight; y++) picture.fill(barLeft, MARGIN + y, BAR_WIDTH, 1, colourOf(1 - y / (barHeight - 1)));
  const labelLeft = barLeft + BAR_WIDTH + MARGIN / 2;
  const height = 5 * LABEL_SCALE;
  picture.write(labelLeft, MARGIN, label(most));
  picture.write(labelLeft, Math.round(MARGIN + (barHeight - height) / 2), label(most / 2));
  picture.write(labelLeft, MARGIN + barHeight - height, "0");
  return encode({ width: picture.width, height: picture.height, data: picture.data, channels: 3, depth: 8 });
}

/** At most six characters. */
function label(value: number): string {
  if (value >= 1000) return Math.round(value).toString().slice(0, 6);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 4);
}

class Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, BACKGROUND);
  }

  fill(left: number, top: number, width: number, height: number, colour: Rgb): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.data.set(colour, (y * this.width + x) * 3);
    }
  }

  write(left: number, top: number, text: string): void {
    [...text].forEach((letter, k) => {
      GLYPHS[letter]!.forEach((row, y) => {
        for (let x = 0; x < 3; x++) {
          if (((row >> (2 - x)) & 1) === 0) continue;
          this.fill(left + (k * 4 + x) * LABEL_SCALE, top + y * LABEL_SCALE, LABEL_SCALE, LABEL_SCALE, LINE);
        }
      });
    });
  }
}
