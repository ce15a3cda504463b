/** Words of strangers on one line of a mail. */

/**
 * The text on one line of at most `limit` UTF-16 units: whatever could end a line, steer a terminal or turn the direction of reading is
 * written as its number, such as `\u{a}`.
 */
export function writePlainLine(text: string, limit = 1000): string {
  const shown = text
    .slice(0, limit)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (unit) => `\\u{${unit.codePointAt(0)?.toString(16)}}`);
  return text.length > limit ? `${shown}…` : shown;
}
