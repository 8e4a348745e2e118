/** `roi`: runs of blocks along x, and what the server derives from them. */
import { type Answer, bytes, type Call, done, json, Panic, type Point, pointIn, Refusal } from "./call.ts";
import { type Base, badCall, baseJson, type Instance, type Settings } from "./instance.ts";
import { type Version, Versioned } from "./versions.ts";

type Span = readonly [z: number, y: number, x0: number, x1: number];

export class Roi implements Instance {
  readonly name: string;
  readonly type = "roi";
  readonly versioned: boolean;
  readonly #base: Base;
  readonly #blockSize: Point;
  readonly #spans = new Versioned<readonly Span[]>();

  constructor(base: Base, settings: Settings) {
    this.#base = base;
    this.name = base.name;
    this.versioned = base.versioned;
    this.#blockSize = settings.point("BlockSize", [32, 32, 32]);
  }

  info(version: Version): string {
    const zs = this.#of(version).map((span) => span[0]);
    const [min, max] = zs.length === 0 ? [2147483647, -2147483648] : [Math.min(...zs), Math.max(...zs)];
    return `{"Base":${baseJson(this.#base)},"Extended":{"BlockSize":${JSON.stringify(this.#blockSize)},"MinZ":${min},"MaxZ":${max}}}`;
  }

  #of(version: Version): readonly Span[] {
    return this.#spans.get(version, "") ?? [];
  }

  has(version: Version, [x, y, z]: Point): boolean {
    return this.#of(version).some((s) => s[0] === z && s[1] === y && s[2] <= x && x <= s[3]);
  }

  answer(call: Call, version: Version): Answer {
    switch (call.parts[3]) {
      case "info":
        return json(this.info(version));
      case "roi":
        if (call.method === "POST") return this.#post(call, version);
        if (call.method === "DELETE") {
          this.#spans.set(version, "", []);
          return done;
        }
        return json(JSON.stringify(this.#of(version)));
      case "mask":
        return this.#mask(call, version);
      case "ptquery": {
        const points = JSON.parse(call.body.toString()) as Point[];
        const inside = points.map((p) =>
          this.has(version, p.map((v, a) => Math.floor(v / this.#blockSize[a as 0])) as unknown as Point),
        );
        return json(JSON.stringify(inside));
      }
      case "partition":
        return this.#partition(call, version);
      default:
        return badCall(call, this);
    }
  }

  /** The old spans go before the new ones are checked. Overlapping spans stay as they are. */
  #post(call: Call, version: Version): Answer {
    let spans: unknown;
    try {
      spans = JSON.parse(call.body.toString());
    } catch (error) {
      throw new Refusal(`Error trying to parse POSTed JSON: ${(error as Error).message}`);
    }
    if (!Array.isArray(spans))
      throw new Refusal("Error trying to parse POSTed JSON: json: cannot unmarshal object into Go value of type []dvid.Span");
    this.#spans.set(version, "", []);
    for (const [z, y, x0, x1] of spans as Span[]) {
      if (x1 < x0) throw new Refusal(`Got weird span [${z}, ${y}, ${x0}, ${x1}].  span[3] (X1) < span[2] (X0)`);
    }
    this.#spans.set(
      version,
      "",
      (spans as Span[]).toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]),
    );
    return done;
  }

  /** Truncates towards zero when it looks up a voxel's block, so negative coordinates come out wrong. */
  #mask(call: Call, version: Version): Answer {
    const [size, offset] = [pointIn(call.parts[5]), pointIn(call.parts[6])];
    const out = new Uint8Array(size[0] * size[1] * size[2]);
    let at = 0;
    for (let z = 0; z < size[2]; z++)
      for (let y = 0; y < size[1]; y++)
        for (let x = 0; x < size[0]; x++) {
          const place = [offset[0] + x, offset[1] + y, offset[2] + z].map((v, a) => Math.trunc(v / this.#blockSize[a as 0]));
          out[at++] = this.has(version, place as unknown as Point) ? 1 : 0;
        }
    return bytes(out);
  }

  /** The simple way only; cells without blocks are dropped. */
  #partition(call: Call, version: Version): Answer {
    const text = call.query.get("batchsize") ?? "";
    if (!/^\d+$/.test(text))
      throw new Refusal(`Error reading batchsize query string: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    const batch = Number(text);
    if (batch === 0) throw new Panic("runtime error: integer divide by zero");
    if (call.query.get("optimized") === "true") throw new Refusal("the stand-in has no optimized partition");
    const spans = this.#of(version);
    const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
    /** Starts of the cells of a range: half of what is left over lies before it, rounded down. */
    const starts = ([min, max]: [number, number]): number[] => {
      const rest = (max - min + 1) % batch;
      const before = Math.floor(rest / 2);
      const cells = Math.ceil((max - min + 1 + rest) / batch);
      return Array.from({ length: cells }, (_, i) => min - before + i * batch);
    };
    const subvolumes: object[] = [];
    let active = 0;
    for (const z of spans.length === 0 ? [] : starts(range(spans.map((s) => s[0])))) {
      const layer = spans.filter((s) => s[0] >= z && s[0] < z + batch);
      for (const y of layer.length === 0 ? [] : starts(range(layer.map((s) => s[1])))) {
        const row = layer.filter((s) => s[1] >= y && s[1] < y + batch);
        for (const x of row.length === 0 ? [] : starts([range(row.map((s) => s[2]))[0], range(row.map((s) => s[3]))[1]])) {
          const blocks = row.reduce((sum, s) => sum + Math.max(0, Math.min(s[3], x + batch - 1) - Math.max(s[2], x) + 1), 0);
          if (blocks === 0) continue;
          active += blocks;
          const corner = [x, y, z];
          const far = corner.map((v) => v + batch - 1);
          subvolumes.push({
            MinPoint: corner.map((v, a) => v * this.#blockSize[a as 0]),
            MaxPoint: far.map((v, a) => (v + 1) * this.#blockSize[a as 0] - 1),
            MinChunk: corner,
            MaxChunk: far,
            TotalBlocks: batch ** 3,
            ActiveBlocks: blocks,
          });
        }
      }
    }
    // x and y start from 0 there, whatever the spans are.
    const ends = (f: (...values: number[]) => number, x: 2 | 3) => [
      f(0, ...spans.map((s) => s[x])),
      f(0, ...spans.map((s) => s[1])),
      spans.length === 0 ? f(...[2147483647, -2147483648].slice(x - 2, x - 1)) : f(...spans.map((s) => s[0])),
    ];
    return json(
      JSON.stringify(
        {
          NumTotalBlocks: subvolumes.length * batch ** 3,
          NumActiveBlocks: active,
          NumSubvolumes: subvolumes.length,
          ROI: { MinChunk: ends(Math.min, 2), MaxChunk: ends(Math.max, 3) },
          Subvolumes: subvolumes,
        },
        null,
        4,
      ),
    );
  }
}
