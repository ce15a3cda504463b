/** Numbers and identifiers in versions, as text: none is so large that a digit is lost. */

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

/**
 * Semantic Versioning 2.0.0, clause 11.4: numbers come before words, the first difference decides, and of two that differ in
 * length only the longer comes after. Negative when `left` comes before `right`.
 */
export function compareIdentifiers(left: readonly string[], right: readonly string[]): number {
  for (const [index, identifier] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareIdentifier(identifier, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareIdentifier(left: string, right: string): number {
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1;
  if (isNumber(left)) return compareNumbers(left, right);
  return left === right ? 0 : left < right ? -1 : 1;
}
