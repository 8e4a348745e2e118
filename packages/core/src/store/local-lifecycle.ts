/** What drivers share whose names are paths: the name, and the life of a volume that lies under a temporary name until it is published. */
import { access, constants, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { CallOptions } from "../call-options.ts";
import { isAxonloomError } from "../errors.ts";
import { checkFinalName, partialPath, statOrNull, writeFailure } from "./files.ts";
import { formatLocalName, parseLocalName } from "./source-name.ts";
import type { SourceOptions, StoreWriter, VolumeStore } from "./types.ts";

/** `path?query` with an absolute path. `E_SOURCE_NAME`, `E_SOURCE_UNSUPPORTED` (remote). */
export async function normaliseLocal(rest: string, { baseFolder }: SourceOptions = {}): Promise<string> {
  return formatLocalName(parseLocalName(rest, baseFolder));
}

export interface LocalKind {
  readonly scheme: string;
  open(rest: string, options?: CallOptions): Promise<VolumeStore>;
  /** Whether a volume of this kind lies at the path: only such a one may be replaced. */
  isVolume(path: string): Promise<boolean>;
}

/** The part of a {@link StoreWriter} that is the same for all files and folders. */
export function localLifecycle({
  scheme,
  open,
  isVolume,
}: LocalKind): Pick<StoreWriter, "exists" | "openUnpublished" | "discardUnpublished" | "checkCanCreate"> {
  return {
    async exists(rest) {
      return (await statOrNull(parseLocalName(rest).path)) !== null;
    },
    async openUnpublished(rest, options = {}) {
      const name = parseLocalName(rest);
      try {
        return await open(formatLocalName({ ...name, path: partialPath(name.path, options.owner) }), options);
      } catch (error) {
        if (isAxonloomError(error) && (error.code === "E_SOURCE_NOT_FOUND" || error.code === "E_SOURCE_DAMAGED")) return null;
        throw error;
      }
    },
    async discardUnpublished(rest, options = {}) {
      const path = partialPath(parseLocalName(rest).path, options.owner);
      try {
        await rm(path, { recursive: true, force: true });
      } catch (error) {
        throw writeFailure(`${scheme}://${rest}`, path, error, options);
      }
    },
    async checkCanCreate(rest, options = {}) {
      const source = `${scheme}://${rest}`;
      const { path } = parseLocalName(rest);
      await checkFinalName(source, path, { replace: options.replace ?? false, owner: options.owner, isVolume });
      let parent = dirname(path);
      while ((await statOrNull(parent)) === null && parent !== dirname(parent)) parent = dirname(parent);
      try {
        await access(parent, constants.W_OK);
        if (!(await statOrNull(parent))?.isDirectory()) throw new Error(`${parent} is no folder`);
      } catch (error) {
        throw writeFailure(source, path, error, options);
      }
    },
  };
}
