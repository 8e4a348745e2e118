import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Box, box } from "../../geometry/box.ts";
import { bytesOf, type Dtype } from "../../volume/block.ts";
import { type Contract, contractSuite, patternBlock, specOf } from "../contract.suite.ts";
import { createVolume, openVolume, publishVolume } from "../index.ts";

const bounds = box([-3, 5, 0], [10, 25, 17]);

const contract = (name: string, dtypes: readonly Dtype[], options: Record<string, string | boolean>): Contract => {
  const destination = (folder: string) => `precomputed://${join(folder, "volume")}`;
  return {
    name: `precomputed (${name})`,
    dtypes,
    bounds,
    async make(folder, spec, block) {
      await (await createVolume(destination(folder), spec)).write(spec.bounds, block);
      await publishVolume(destination(folder));
      return destination(folder);
    },
    async voxelFile(folder) {
      const chunks = join(folder, "volume", "4_8_40");
      return join(chunks, (await readdir(chunks))[0]!);
    },
    missing: (folder) => `precomputed://${join(folder, "none")}`,
    writing: { destination, spec: { chunk: [8, 8, 8], options } },
  };
};

contractSuite(contract("raw", ["uint16", "uint8", "uint32", "uint64", "float32"], { encoding: "raw" }));
contractSuite(contract("raw, gzip", ["uint32"], { encoding: "raw", gzip: true }));
