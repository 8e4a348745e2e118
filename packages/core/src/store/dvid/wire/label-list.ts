/** `listlabels`: uint64 words, each label followed by its voxels where `sizes=true`. */
import { badAnswer } from "./answer.ts";

/** Words in a row that are 0 where the server broke off: `listlabels` has no other way to say it. */
const ERROR_WORDS = 4;

/** The labels of the answer, in its order, and their voxels where asked for. `E_DVID_ANSWER`. */
export function decodeLabelList(bytes: Uint8Array, sizes: boolean): { labels: BigUint64Array; voxels: BigUint64Array | null } {
  const entry = sizes ? 2 : 1;
  const whole = Math.floor(bytes.length / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = BigUint64Array.from({ length: whole }, (_, k) => view.getBigUint64(8 * k, true));
  for (let k = 0, zeros = 0; k < whole; k++) {
    zeros = words[k] === 0n ? zeros + 1 : 0;
    if (zeros === ERROR_WORDS)
      throw badAnswer(`the list of labels was broken off after word ${k + 1 - ERROR_WORDS}`, bytes.subarray(8 * (k + 1)));
  }
  if (bytes.length % (8 * entry) !== 0) {
    throw badAnswer(
      `a list of labels in entries of ${8 * entry} bytes has ${bytes.length} bytes`,
      bytes.subarray(-(bytes.length % (8 * entry))),
    );
  }
  if (!sizes) return { labels: words, voxels: null };
  return { labels: words.filter((_, k) => k % 2 === 0), voxels: words.filter((_, k) => k % 2 === 1) };
}
