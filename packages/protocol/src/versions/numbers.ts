/** Numbers in versions, as text: none is so large that a digit is lost. */

/** Whether a part is a number. */
export function isNumber(part: string): boolean {
  return /^\d+$/.test(part);
}

/** Negative when the number `left` is smaller than `right`; leading zeros do not count. */
export function compareNumbers(left: string, right: string): number {
  const [a, b] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
  // Of two without leading zeros the longer is the larger.
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
