/**
 * What the stand-in answers from the specification alone, since nothing of it was recorded. Each such place in the code calls
 * {@link specOnly} with its name; the server's contract has a test of the same name, which a live run does first.
 */
export const SPEC_ONLY = {
  "blocks-noindexing": "POST blocks?noindexing=true stores, raises extents and maxlabel, and indexes nothing",
  "blocks-coarse": "POST blocks at scale > 0 stores only: no extents, no maxlabel, no index",
  "blocks-bad-frame": "a bad frame refuses the rest of POST blocks: earlier frames are stored, but not indexed",
  "ingest-supervoxels": "POST ingest-supervoxels only stores",
  "nextlabel-post": "POST nextlabel reserves above everything of the instance and raises this version's maxlabel",
  "maxlabel-post": "POST maxlabel is for admins and ignores smaller values",
  extents: "POST extents overwrites; extents are kept per version, and a child inherits them",
  "keyvalue-open": "keyvalue: values, keys and ranges of a version, inherited by children, refused on a locked node",
  "indices-replace": "POST indices replaces a body's index, and an empty one deletes it",
  "versions-inherit": "a child reads its ancestors' blocks, mappings and indices until it writes its own",
  labelarray: "labelarray: raw, plain and with lz4",
  labelblk: "labelblk: raw, plain and with lz4",
  throttle: "throttle=true: 503 while another such call runs",
  "log-store": "a labelmap without a log store is refused",
} as const;

export type SpecOnly = keyof typeof SPEC_ONLY;

const reached = new Set<SpecOnly>();

/** Marks an answer that follows the specification only. */
export function specOnly(name: SpecOnly): void {
  reached.add(name);
}

/** The marked places that this process has come by. */
export const reachedSpecOnly = (): readonly SpecOnly[] => [...reached].sort();
