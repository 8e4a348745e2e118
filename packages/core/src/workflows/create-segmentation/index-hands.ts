/** How the counts of bodies are dealt to tasks. */

/** About so many subvolumes' counts meet in one task. */
const SUBVOLUMES_A_HAND = 16;
const MOST_HANDS = 1024;

/** How many tasks merge the counts. */
export function indexHands(subvolumes: number): number {
  return Math.min(MOST_HANDS, Math.ceil(subvolumes / SUBVOLUMES_A_HAND));
}
