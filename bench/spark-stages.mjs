/** Stages of the benchmark's driver. */
export const same = (n) => n;
export const both = ({ left, right }) => left[0] + right[0];
/** Matches between a subvolume and the next one: the last segments of the one, the first of the other. */
export const matchesOfFace = ({ a, matches }) => ({
  a,
  b: a + 1,
  segmentsA: Uint32Array.from({ length: matches }, (_, i) => matches + 1 + i),
  segmentsB: Uint32Array.from({ length: matches }, (_, i) => 1 + i),
});
/** As if all segments of a part of the mapping were written. */
export const present = ({ mapping }, _params, { key }) => ({
  subvolume: Number(key),
  present: new Uint8Array(mapping.members.length).fill(1),
});
