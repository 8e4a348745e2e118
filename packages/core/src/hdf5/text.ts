/** Older files mark UTF-8 text as ASCII; the library then gives one character a byte. */
export function textOf(characters: string): string {
  if (!/[\x80-\xff]/.test(characters) || /[^\0-\xff]/.test(characters)) return characters;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(characters, "latin1"));
  } catch {
    return characters;
  }
}
