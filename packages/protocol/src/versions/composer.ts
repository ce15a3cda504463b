/** The order of Composer's versions: its normal form, compared part by part as PHP's `version_compare` does. */
import { compareNumbers, isNumber } from './numbers.ts';

/** The parts of a normal form: numbers and words of stability. */
export type ComposerVersion = readonly string[];

const modifierPattern = '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\\d+)*)?)?([.-]?dev)?';
const classicPattern = new RegExp(`^v?(\\d{1,5})(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?${modifierPattern}$`);
const datePattern = new RegExp(`^v?(\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3}){0,2})${modifierPattern}$`);
const stabilities: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', p: 'pl', patch: 'pl' };

/** `text` as a version of numbers with a stability; `undefined`: it is none. Branches (`dev-main`, `1.x-dev`) have no order. */
export function parseComposerVersion(text: string): ComposerVersion | undefined {
  if (text.length > 256) return undefined;
  // `+build` does not count, nor does an alias, nor a stability that a requirement adds.
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/@(?:stable|rc|beta|alpha|dev)$/, '')
    .replace(/\+\S+$/, '');
  const classic = classicPattern.exec(bare);
  if (classic) return [...normalizeNumbers(classic.slice(1, 5)), ...normalizeModifier(classic.slice(5))];
  const date = datePattern.exec(bare);
  if (!date) return undefined;
  return [...(date[1] ?? '').split(/\D/), ...normalizeModifier(date.slice(2))];
}

function normalizeNumbers(numbers: readonly (string | undefined)[]): readonly string[] {
  return numbers.map((number = '0') => number);
}

function normalizeModifier([stability, number, dev]: readonly (string | undefined)[]): readonly string[] {
  const parts: string[] = [];
  if (stability !== undefined && stability !== 'stable') {
    parts.push(stabilities[stability] ?? stability, ...(number?.match(/\d+/g) ?? []));
  }
  if (dev) parts.push('dev');
  return parts;
}

/** Negative when `left` comes before `right`. */
export function compareComposerVersions(left: ComposerVersion, right: ComposerVersion): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const order = compareParts(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  if (left.length > shared) return rankTail(left[shared] ?? '');
  return right.length > shared ? -rankTail(right[shared] ?? '') : 0;
}

// The forms of PHP, in their order; a number stands between the candidates and the patches.
const ranks: readonly string[] = ['dev', 'alpha', 'beta', 'rc', '#', 'pl'];

function compareParts(left: string, right: string): number {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  return rankPart(left) - rankPart(right);
}

function rankPart(part: string): number {
  return ranks.indexOf(isNumber(part) ? '#' : part);
}

/** What one has more than the other: a number makes it later, a stability as that one says. */
function rankTail(part: string): number {
  return isNumber(part) ? 1 : rankPart(part) - ranks.indexOf('#');
}
