/** The order of Maven's versions (POM reference, "Version Order Specification"; `ComparableVersion` of Maven 3.9). */
import { compareNumbers, isNumber } from './numbers.ts';

/** A number or word, and whether a dot or a hyphen stands before it. */
interface MavenToken {
  readonly separator: '.' | '-';
  readonly value: string;
}

/** The tokens of a version, without those that do not count. */
export type MavenVersion = readonly MavenToken[];

const maxLength = 256;

/** `text` as a Maven version: any text is one. `undefined`: it is empty, longer than 256 characters, or holds white space or a bracket. */
export function parseMavenVersion(text: string): MavenVersion | undefined {
  if (text === '' || text.length > maxLength || /[\s[\](),]/.test(text)) return undefined;
  return trimNulls(splitTokens(text.toLowerCase()));
}

function splitTokens(text: string): MavenToken[] {
  const tokens: MavenToken[] = [];
  let separator: MavenToken['separator'] = '.';
  for (const part of text.split(/([._-])/)) {
    if (part === '.' || part === '_' || part === '-') {
      separator = part === '.' ? '.' : '-';
      continue;
    }
    // A change between digits and letters is as good as a hyphen.
    const values = part === '' ? ['0'] : (part.match(/\d+|\D+/g) ?? []);
    for (const [index, value] of values.entries()) {
      const word = nameWord(value, isNumber(values[index + 1] ?? ''));
      // Before a word a dot is a hyphen.
      const isHyphen = index > 0 || separator === '-' || (tokens.length > 0 && !isNumber(word));
      tokens.push({ separator: isHyphen ? '-' : '.', value: word });
    }
    separator = '.';
  }
  return tokens;
}

const shortWords: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' };
const otherWords: Readonly<Record<string, string>> = { cr: 'rc', ga: '', final: '', release: '' };

function nameWord(value: string, isBeforeNumber: boolean): string {
  const names = isBeforeNumber ? { ...otherWords, ...shortWords } : otherWords;
  return Object.hasOwn(names, value) ? (names[value] ?? value) : value;
}

/** Zeros and words of a release do not count at the end, nor before a hyphen. */
function trimNulls(tokens: readonly MavenToken[]): MavenVersion {
  const kept: MavenToken[] = [];
  for (const token of tokens) {
    if (token.separator === '-') dropNulls(kept);
    kept.push(token);
  }
  dropNulls(kept);
  return kept;
}

function dropNulls(tokens: MavenToken[]): void {
  while (tokens.length > 1 && /^0*$/.test(tokens.at(-1)?.value ?? '')) tokens.pop();
}

/** Negative when `left` comes before `right`. */
export function compareMavenVersions(left: MavenVersion, right: MavenVersion): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index] ?? padFor(right[index]), right[index] ?? padFor(left[index])];
    const order = compareTokens(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/** What stands in place of a missing token, so that it compares with the one that is there. */
function padFor(token: MavenToken | undefined): MavenToken {
  return token?.separator === '.' ? { separator: '.', value: '0' } : { separator: '-', value: '' };
}

/** A word comes before a number after a hyphen, and that before a number after a dot. */
function compareTokens(left: MavenToken, right: MavenToken): number {
  const order = rankKind(left) - rankKind(right);
  if (order !== 0) return order;
  return isNumber(left.value) ? compareNumbers(left.value, right.value) : compareWords(left.value, right.value);
}

function rankKind({ separator, value }: MavenToken): number {
  if (!isNumber(value)) return 0;
  return separator === '-' ? 1 : 2;
}

const knownWords: readonly string[] = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];

function compareWords(left: string, right: string): number {
  const [a, b] = [left, right].map((word) => knownWords.indexOf(word)) as [number, number];
  if (a >= 0 || b >= 0) return (a < 0 ? knownWords.length : a) - (b < 0 ? knownWords.length : b);
  return left === right ? 0 : left < right ? -1 : 1;
}
