/** The stage that changes nothing. */
export function identity<T>(value: T): T {
  return value;
}
