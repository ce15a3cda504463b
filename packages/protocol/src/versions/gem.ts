/** The order of RubyGems' versions (`Gem::Version`): numbers come after words, and a word makes it a pre-release. */
import { compareNumbers, isNumber } from './numbers.ts';

/** The segments of a version, without the zeros that do not count. */
export type GemVersion = readonly string[];

const versionPattern = /^\s*\d+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\s*$/;
const maxLength = 256;

/** `text` as a version of a gem; `undefined`: it is none, or longer than 256 characters. */
export function parseGemVersion(text: string): GemVersion | undefined {
  if (text.length > maxLength || !versionPattern.test(text)) return undefined;
  const segments = text.replaceAll('-', '.pre.').match(/\d+|[a-zA-Z]+/g) ?? [];
  const word = segments.findIndex((segment) => !isNumber(segment));
  const end = word < 0 ? segments.length : word;
  return [...dropZeros(segments.slice(0, end)), ...dropZeros(segments.slice(end))];
}

function dropZeros(segments: readonly string[]): readonly string[] {
  const last = segments.findLastIndex((segment) => !/^0+$/.test(segment));
  return segments.slice(0, last + 1);
}

/** Negative when `left` comes before `right`. */
export function compareGemVersions(left: GemVersion, right: GemVersion): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareSegments(left[index] ?? '0', right[index] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function compareSegments(left: string, right: string): number {
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? 1 : -1;
  if (isNumber(left)) return compareNumbers(left, right);
  return left === right ? 0 : left < right ? -1 : 1;
}
