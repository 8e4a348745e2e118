/** Models by their files, read once a worker: again only when a file has changed. */
import { stat } from "node:fs/promises";
import type { PixelModel } from "./model.ts";

const KEPT = 4;
const known = new Map<string, Promise<PixelModel>>();

/** The model that `read` makes from these files. @param name all that it depends on beside their content. */
export async function keptModel(name: string, files: readonly string[], read: () => Promise<PixelModel>): Promise<PixelModel> {
  const states = files.map(async (file) => {
    const { mtimeMs, size } = await stat(file);
    return `${file} ${mtimeMs} ${size}`;
  });
  let key: string;
  try {
    key = [name, ...(await Promise.all(states))].join("\n");
  } catch {
    return await read(); // says what is wrong with the file
  }
  const found = known.get(key);
  if (found !== undefined) return await found;
  if (known.size >= KEPT) known.delete(known.keys().next().value!);
  const model = read();
  known.set(key, model);
  model.catch(() => known.delete(key));
  return await model;
}
