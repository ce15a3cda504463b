/** Internationalised labels in ASCII: `xn--` and punycode (RFC 3492) of a label that IDNA2008 allows (RFC 5891, RFC 5892). */

/** Whether a lower-case label is an A-label: it decodes, means a valid U-label, and is the one way to write that. */
export function isALabel(label: string): boolean {
  if (!label.startsWith('xn--') || label.length > 63) return false;
  const points = decodePunycode(label.slice(4));
  return points !== undefined && isULabel(points) && encodePunycode(points) === label.slice(4);
}

/**
 * RFC 5891, 4.2: NFC, no combining mark at the start, no hyphens at the ends or in the third and fourth place, only characters
 * that are allowed, something beyond ASCII. The order of right-to-left characters (RFC 5893) is not looked at.
 */
function isULabel(points: readonly number[]): boolean {
  const text = String.fromCodePoint(...points);
  if (text !== text.normalize('NFC') || !points.some((point) => point >= 0x80)) return false;
  if (text.startsWith('-') || text.endsWith('-') || text.slice(2, 4) === '--' || /^\p{M}/u.test(text)) return false;
  return points.every((point, index) => isValid(point) || isValidHere(points, index));
}

/** RFC 5892, 2.6: single characters that the general rule would decide otherwise. */
const validExceptions: readonly number[] = [0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007];
const disallowedExceptions: readonly number[] = [
  0x640, 0x7fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b,
];

/** RFC 5892, 3: PVALID. Case folding is taken for lower case, which differs only in characters that are listed above. */
function isValid(point: number): boolean {
  if (point < 0x80) return /[a-z0-9-]/.test(String.fromCodePoint(point));
  if (validExceptions.includes(point)) return true;
  if (disallowedExceptions.includes(point)) return false;
  const character = String.fromCodePoint(point);
  const folded = character.normalize('NFKC').toLowerCase().normalize('NFKC');
  if (folded !== character || isOldHangul(point) || isArabicDigit(point)) return false;
  return (
    /[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]/u.test(character) && !/\p{Default_Ignorable_Code_Point}/u.test(character)
  );
}

/** RFC 5892, 2.9: conjoining Jamo. */
function isOldHangul(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x11ff) || (point >= 0xa960 && point <= 0xa97c) || (point >= 0xd7b0 && point <= 0xd7fb)
  );
}

/** Digits that may not stand beside those of the other Arabic set: decided by context. */
function isArabicDigit(point: number): boolean {
  return (point >= 0x660 && point <= 0x669) || (point >= 0x6f0 && point <= 0x6f9);
}

/** RFC 5892, appendix A: characters that are allowed between certain others. */
function isValidHere(points: readonly number[], index: number): boolean {
  const at = (position: number) => (points[position] === undefined ? '' : String.fromCodePoint(points[position]));
  const point = points[index] ?? 0;
  if (point === 0x200c || point === 0x200d) return /\p{Mn}|\p{Mc}/u.test(at(index - 1));
  if (point === 0xb7) return at(index - 1) === 'l' && at(index + 1) === 'l';
  if (point === 0x375) return /\p{Script=Greek}/u.test(at(index + 1));
  if (point === 0x5f3 || point === 0x5f4) return /\p{Script=Hebrew}/u.test(at(index - 1));
  if (point === 0x30fb) {
    return points.some((_, other) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(at(other)));
  }
  if (!isArabicDigit(point)) return false;
  const [start, end] = point < 0x6f0 ? [0x6f0, 0x6f9] : [0x660, 0x669];
  return !points.some((other) => other >= start && other <= end);
}

// RFC 3492, 5.
const base = 36;
const tMinimum = 1;
const tMaximum = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const initialPoint = 0x80;

/** The code points of punycode in lower case; `undefined` when it is none (RFC 3492, 6.2). */
function decodePunycode(text: string): number[] | undefined {
  const end = text.lastIndexOf('-');
  const points = [...text.slice(0, Math.max(end, 0))].map((character) => character.charCodeAt(0));
  let [point, position, bias] = [initialPoint, 0, initialBias];
  for (let at = end < 0 ? 0 : end + 1; at < text.length; ) {
    const before = position;
    for (let [weight, k] = [1, base]; ; k += base) {
      const digit = parseDigit(text.charCodeAt(at++));
      if (digit === undefined) return undefined;
      position += digit * weight;
      const threshold = clampThreshold(k - bias);
      if (digit < threshold) break;
      weight *= base - threshold;
      if (position > 0x7fffffff || weight > 0x7fffffff) return undefined;
    }
    const length = points.length + 1;
    bias = adapt(position - before, length, before === 0);
    point += Math.floor(position / length);
    position %= length;
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    points.splice(position++, 0, point);
  }
  return points;
}

/** RFC 3492, 6.3. */
function encodePunycode(points: readonly number[]): string {
  const basic = points.filter((point) => point < 0x80);
  let text = String.fromCharCode(...basic) + (basic.length > 0 ? '-' : '');
  let [point, delta, bias, written] = [initialPoint, 0, initialBias, basic.length];
  while (written < points.length) {
    const next = Math.min(...points.filter((one) => one >= point));
    delta += (next - point) * (written + 1);
    point = next;
    for (const one of points) {
      if (one < point) delta++;
      if (one !== point) continue;
      text += encodeDelta(delta, bias);
      bias = adapt(delta, written + 1, written === basic.length);
      delta = 0;
      written++;
    }
    delta++;
    point++;
  }
  return text;
}

function encodeDelta(delta: number, bias: number): string {
  let text = '';
  let rest = delta;
  for (let k = base; ; k += base) {
    const threshold = clampThreshold(k - bias);
    if (rest < threshold) return text + formatDigit(rest);
    text += formatDigit(threshold + ((rest - threshold) % (base - threshold)));
    rest = Math.floor((rest - threshold) / (base - threshold));
  }
}

function clampThreshold(threshold: number): number {
  return Math.min(Math.max(threshold, tMinimum), tMaximum);
}

/** RFC 3492, 6.1. */
function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > ((base - tMinimum) * tMaximum) / 2; k += base) rest = Math.floor(rest / (base - tMinimum));
  return k + Math.floor(((base - tMinimum + 1) * rest) / (rest + skew));
}

function parseDigit(code: number): number | undefined {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : undefined;
}

function formatDigit(digit: number): string {
  return String.fromCharCode(digit < 26 ? digit + 0x61 : digit - 26 + 0x30);
}
