import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hashOfPython } from "./module-hash.ts";

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "axonloom-python-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const files = {
  "pack/__init__.py": "",
  "pack/main.py": "from . import near\nfrom .inner.deep import (\n  limit,  # a comment\n  other)\nimport numpy as np, plain\n",
  "pack/near.py": "x = 1\n",
  "pack/inner/__init__.py": "y = 1\n",
  "pack/inner/deep.py": "from ..shared import z\n",
  "pack/shared.py": "z = 1\n",
  "plain.py": "from pack import near\n",
  "unused.py": "",
};

const hash = (folder: string) => hashOfPython({ folders: [folder], module: "pack.main", name: "f", python: "python3" });

test("the hash follows every file that is imported, and no other", async () => {
  const first = await hash(folderWith(files));
  expect(await hash(folderWith(files)), "not the place").toBe(first);
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    const changed = await hash(folderWith({ ...files, [name]: `${files[name]}#` }));
    if (name === "unused.py") expect(changed).toBe(first);
    else expect(changed, name).not.toBe(first);
  }
});

test("an installed module is known by its name only", async () => {
  const folder = folderWith({});
  const of = (module: string) => hashOfPython({ folders: [folder], module, name: "f", python: "python3" });
  expect(await of("skimage.segmentation")).not.toBe(await of("skimage.filters"));
});
