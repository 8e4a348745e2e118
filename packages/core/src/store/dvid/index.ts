/**
 * Volumes of a DVID server: `dvid://host:port/<version>/<instance>`. Grey values (`uint8blk`) and labels (`labelmap`) are read and written,
 * the older `labelarray` and `labelblk` too where they are there already. `README.md` has the names and what a server must have.
 */
import type { StoreDriver } from "../types.ts";
import { formatDvidName, parseVolumeName } from "./name.ts";
import { HIGHEST_LABEL, instanceTypeFor, WRITE_GRID } from "./spec.ts";

/** The client is loaded when a server is asked: every other source comes without it. */
const opening = () => import("./open.ts");
const lifecycle = () => import("./lifecycle.ts");

export const dvidDriver: StoreDriver = {
  scheme: "dvid",
  summary: "an instance on a DVID server: dvid://host:port/<version>/<instance> (read and write)",

  async matches() {
    return false;
  },
  async normalise(rest, options) {
    const name = await (await opening()).resolveName(rest, options);
    return formatDvidName(name).slice("dvid://".length);
  },
  async open(rest, options) {
    return await (await opening()).openDvidVolume(rest, options);
  },

  writer: {
    highestId: HIGHEST_LABEL,
    async reserveIds(rest, count, wished, options) {
      return await (await import("./reserve-ids.ts")).reserveIds(rest, count, wished, options);
    },
    planWriteGrid(rest, spec) {
      instanceTypeFor(formatDvidName(parseVolumeName(rest)), spec);
      return WRITE_GRID;
    },
    async create(rest, spec, options) {
      return await (await lifecycle()).create(rest, spec, options);
    },
    async publish(rest, options) {
      return await (await lifecycle()).publish(rest, options);
    },
    async exists(rest, options) {
      return await (await lifecycle()).exists(rest, options);
    },
    async openUnpublished(rest, options) {
      return await (await lifecycle()).openUnpublished(rest, options);
    },
    async discardUnpublished(rest, options) {
      await (await lifecycle()).discardUnpublished(rest, options);
    },
    async checkCanCreate(rest, options) {
      await (await lifecycle()).checkCanCreate(rest, options);
    },
  },
};
