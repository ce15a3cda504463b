/** The order of Debian's package versions (deb-version(7); Debian Policy, 5.6.12). */
import { compareNumbers } from './numbers.ts';

/** A Debian version, taken apart. */
export interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty: there is none. */
  readonly revision: string;
}

const versionPattern = /^(?:(\d{1,9}):)?([0-9A-Za-z.+~:-]+?)(?:-([0-9A-Za-z.+~]+))?$/;

/** `text` as a Debian version; `undefined`: it is none. The upstream part need not begin with a digit: dpkg reads such ones too. */
export function parseDebianVersion(text: string): DebianVersion | undefined {
  const match = text.length <= maxLength ? versionPattern.exec(text) : null;
  if (!match) return undefined;
  const [, epoch = '0', upstream = '', revision = ''] = match;
  // A colon is for versions with an epoch only.
  if (match[1] === undefined && upstream.includes(':')) return undefined;
  return { epoch: Number(epoch), upstream, revision };
}

/** Longer versions are none: the comparison of two stays short. */
const maxLength = 512;

/** Negative when `left` comes before `right`. */
export function compareDebianVersions(left: DebianVersion, right: DebianVersion): number {
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Turns of a part without digits and a number, each as long as it goes. */
function compareParts(left: string, right: string): number {
  let a = left;
  let b = right;
  while (a !== '' || b !== '') {
    const [wordA, numberA, restA] = splitTurn(a);
    const [wordB, numberB, restB] = splitTurn(b);
    const order = compareWords(wordA, wordB) || compareNumbers(numberA, numberB);
    if (order !== 0) return order;
    [a, b] = [restA, restB];
  }
  return 0;
}

function splitTurn(text: string): readonly [word: string, number: string, rest: string] {
  const [all = '', word = '', number = ''] = /^(\D*)(\d*)/.exec(text) ?? [];
  return [word, number, text.slice(all.length)];
}

/** A tilde comes before the end, the end before letters, letters before everything else. */
function compareWords(left: string, right: string): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = rankCharacter(left, index) - rankCharacter(right, index);
    if (order !== 0) return order;
  }
  return 0;
}

function rankCharacter(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (Number.isNaN(unit)) return 0;
  if (unit === 0x7e) return -1;
  const isLetter = (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
  return isLetter ? unit : unit + 256;
}
