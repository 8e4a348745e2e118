/** `uint8blk`: one byte a voxel. */

import { blocksOf, copyPart, insideRoi, isAligned } from "./boxes.ts";
import { type Answer, bytes, type Call, done, json, type Point, pointIn, Refusal, showPoint } from "./call.ts";
import { compressLz4 } from "./codec/lz4.ts";
import {
  type Base,
  badCall,
  baseJson,
  ExtentsByVersion,
  type Instance,
  resolutionOf,
  type Settings,
  volumeJson,
} from "./instance.ts";
import { type Version, Versioned } from "./versions.ts";

export class Grey implements Instance {
  readonly name: string;
  readonly type = "uint8blk";
  readonly versioned: boolean;
  readonly #base: Base;
  readonly #blockSize: Point;
  #voxelSize: Point;
  readonly #units: readonly string[];
  readonly #extents = new ExtentsByVersion();
  readonly #blocks = new Versioned<Uint8Array>();

  constructor(base: Base, settings: Settings) {
    this.#base = base;
    this.name = base.name;
    this.versioned = base.versioned;
    this.#blockSize = settings.point("BlockSize", [32, 32, 32]);
    this.#voxelSize = settings.point("VoxelSize", [8, 8, 8]);
    this.#units = settings.text("VoxelUnits")?.split(",") ?? ["nanometers", "nanometers", "nanometers"];
  }

  info(version: Version): string {
    const values = { dataType: "uint8", label: "uint8", interpolable: true };
    const { extended, extents } = volumeJson(values, this.#blockSize, this.#voxelSize, this.#units, this.#extents.of(version));
    return `{"Base":${baseJson(this.#base)},"Extended":{${extended}},"Extents":${extents}}`;
  }

  answer(call: Call, version: Version): Answer {
    switch (call.parts[3]) {
      case "info":
        return json(this.info(version));
      case "extents":
        return this.#extents.post(call, version);
      case "resolution":
        this.#voxelSize = resolutionOf(call.body);
        return done;
      case "raw":
      case "isotropic":
        return call.method === "POST" ? this.#post(call, version) : this.#get(call, version);
      case "blocks":
        return this.#span(call, version);
      case "subvolblocks":
        return this.#subvolume(call, version);
      case "specificblocks": {
        const numbers = (call.query.get("blocks") ?? "")
          .split(",")
          .filter((n) => n !== "")
          .map(Number);
        const places = Array.from(
          { length: Math.floor(numbers.length / 3) },
          (_, i) => numbers.slice(3 * i, 3 * i + 3) as unknown as Point,
        );
        return this.#frames(call, version, places);
      }
      default:
        return badCall(call, this);
    }
  }

  #box(call: Call): { size: Point; offset: Point } {
    const [, , , endpoint, shape, size, offset] = call.parts;
    if (offset === undefined) throw new Refusal(`${JSON.stringify(endpoint)} must be followed by shape/size/offset`);
    if (shape !== "0_1_2" && shape !== "xyz") throw new Refusal(`the stand-in has only 3-D raw, not ${shape}`);
    return { size: pointIn(size), offset: pointIn(offset) };
  }

  #get(call: Call, version: Version): Answer {
    const { size, offset } = this.#box(call);
    const out = new Uint8Array(size[0] * size[1] * size[2]);
    const inside = insideRoi(call, version);
    for (const place of blocksOf(offset, size, this.#blockSize)) {
      const block = inside(place) ? this.#blocks.get(version, place.join()) : undefined;
      if (block !== undefined) copyPart(block, place, this.#blockSize, out, offset, size, "out");
    }
    return bytes(out);
  }

  #post(call: Call, version: Version): Answer {
    const { size, offset } = this.#box(call);
    const last: Point = [offset[0] + size[0] - 1, offset[1] + size[1] - 1, offset[2] + size[2] - 1];
    if (!isAligned(offset, size, this.#blockSize)) {
      throw new Refusal(`cannot store voxels in non-block aligned geometry ${showPoint(offset)} -> ${showPoint(last)}`);
    }
    const voxels = size[0] * size[1] * size[2];
    if (call.cutShort) throw new Refusal("unexpected EOF");
    if (call.body.length !== voxels) {
      throw new Refusal(
        `voxels data was ${call.body.length} bytes, expected ${voxels} bytes for 3d volume ${showPoint(size)} at offset ${showPoint(offset)}`,
      );
    }
    const inside = insideRoi(call, version);
    for (const place of blocksOf(offset, size, this.#blockSize)) {
      if (!inside(place)) continue;
      const block = new Uint8Array(this.#blockSize[0] * this.#blockSize[1] * this.#blockSize[2]);
      copyPart<Uint8Array>(block, place, this.#blockSize, call.body, offset, size, "in");
      this.#blocks.set(version, place.join(), block);
    }
    this.#extents.grow(version, { min: offset, max: last });
    return done;
  }

  /** Consecutive blocks along x, without headers. */
  #span(call: Call, version: Version): Answer {
    const [, , , , first, count] = call.parts;
    const [x, y, z] = pointIn(first);
    const length = this.#blockSize[0] * this.#blockSize[1] * this.#blockSize[2];
    const places = Array.from({ length: Number(count) }, (_, i): Point => [x + i, y, z]);
    if (call.method !== "POST") {
      return bytes(Buffer.concat(places.map((place) => this.#blocks.get(version, place.join()) ?? new Uint8Array(length))));
    }
    for (const [i, place] of places.entries()) {
      const block = call.body.subarray(i * length, (i + 1) * length);
      if (block.length < length) throw new Refusal("block data ceased before all block data read");
      this.#blocks.set(version, place.join(), Uint8Array.from(block));
    }
    return done;
  }

  #subvolume(call: Call, version: Version): Answer {
    const [size, offset] = [pointIn(call.parts[4]), pointIn(call.parts[5])];
    if (!isAligned(offset, size, this.#blockSize)) {
      const last: Point = [offset[0] + size[0] - 1, offset[1] + size[1] - 1, offset[2] + size[2] - 1];
      throw new Refusal(
        `cannot use labels via 'block' endpoint in non-block aligned geometry ${showPoint(offset)} -> ${showPoint(last)}`,
      );
    }
    return this.#frames(call, version, blocksOf(offset, size, this.#blockSize));
  }

  #frames(call: Call, version: Version, places: Iterable<Point>): Answer {
    const parts: Buffer[] = [];
    const plain = call.query.get("compression") === "uncompressed";
    for (const place of places) {
      const block = this.#blocks.get(version, place.join());
      if (block === undefined) continue;
      let payload = Buffer.from(block);
      if (!plain) {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(block.length);
        payload = Buffer.concat([length, compressLz4(block)]);
      }
      const head = Buffer.alloc(16);
      for (const [i, value] of [...place, payload.length].entries()) head.writeInt32LE(value, 4 * i);
      parts.push(head, payload);
    }
    return bytes(Buffer.concat(parts));
  }
}
