/** Strict JSON parser of the update profile (docs/protocol/canonical-json.md): what it returns can be signed again. */
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import {
  assertKey,
  assertText,
  assertWellFormed,
  encodeCanonicalText,
  maxJsonDepth,
  type SignableObject,
  type SignableValue,
} from './canonical.ts';

/**
 * Parses UTF-8 JSON. White space between tokens is allowed; duplicate keys, floats, exponents, `-0`, empty objects,
 * number-like keys, lone surrogates, U+2028 and U+2029, and nesting deeper than `maxJsonDepth` are not.
 * Throws `too_large` above `limit` bytes, otherwise `malformed` or `not_canonical`.
 */
export function parseSignable(bytes: Uint8Array, limit: number): SignableValue {
  if (bytes.length > limit) throw new TrustError('too_large', `expected at most ${limit} bytes, got ${bytes.length}`);
  return parseSignableText(parseText(bytes));
}

/** The same for text that is already decoded and bounded. */
export function parseSignableText(text: string): SignableValue {
  return readAll(new Reader(text, { emptyObjects: false, anyText: false }));
}

/** The same for text that is in its canonical form already. Throws `not_canonical` for any other, also for white space. */
export function parseCanonicalText(text: string): SignableValue {
  const quick = parsePlainCanonical(text);
  if (quick !== undefined) return quick;
  const value = parseSignableText(text);
  if (encodeCanonicalText(value) !== text) throw new TrustError('not_canonical', 'expected JSON in its canonical form');
  return value;
}

/**
 * The value of canonical text that the platform's own parser reads and writes back to the very same characters, which leaves out
 * white space, doubled keys and needless escapes, and that is seen to be plain in the rest; `undefined`: ask the strict reader.
 */
function parsePlainCanonical(text: string): SignableValue | undefined {
  if (unplainText.test(text)) return undefined;
  try {
    const value = JSON.parse(text) as SignableValue;
    return JSON.stringify(value) === text && isPlain(value, 0) ? value : undefined;
  } catch {
    // The strict reader says what is wrong.
    return undefined;
  }
}

/** Backslashes, and what is not printable ASCII. */
const unplainText = /[^ !#-[\]-~"]/;

/** Keys of letters in order, safe integers, no empty objects: anything else is left to the strict reader. */
function isPlain(value: SignableValue, depth: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === maxJsonDepth) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  let before = '';
  const object = value as { readonly [key: string]: SignableValue };
  for (const key of Object.keys(object)) {
    if (key <= before || !plainKey.test(key) || !isPlain(object[key] ?? null, depth + 1)) return false;
    before = key;
  }
  return before !== '';
}

/** No number, and nothing that objects have by themselves. */
const plainKey = /^(?!constructor$)[a-z][a-z0-9_]*$/;

/** The same for documents that nobody signs as canonical JSON, such as the parts of a JWS: objects may be empty. */
export function parseDocument(bytes: Uint8Array, limit: number): SignableValue {
  if (bytes.length > limit) throw new TrustError('too_large', `expected at most ${limit} bytes, got ${bytes.length}`);
  return readAll(new Reader(parseText(bytes), { emptyObjects: true, anyText: false }));
}

/** The same for what OLPC canonical JSON carries (`olpc.ts`): objects may be empty, keys and texts are any well-formed ones. */
export function parseOlpc(bytes: Uint8Array, limit: number): SignableValue {
  if (bytes.length > limit) throw new TrustError('too_large', `expected at most ${limit} bytes, got ${bytes.length}`);
  return readAll(new Reader(parseText(bytes), { emptyObjects: true, anyText: true }));
}

function readAll(reader: Reader): SignableValue {
  const value = reader.readValue(0);
  reader.skipSpace();
  if (!reader.atEnd) throw new TrustError('malformed', `expected the end at character ${reader.position}`);
  return value;
}

/** What the update profile leaves out, and other documents may hold. */
interface Allowance {
  readonly emptyObjects: boolean;
  /** Keys that look like numbers, and text with U+2028 and U+2029. */
  readonly anyText: boolean;
}

/** What means itself: no quote, escape and control character, nor what `assertText` may refuse. */
const plainUnits = /[^"\\\u0000-\u001f\u2028\u2029\ud800-\udfff]*/y;

class Reader {
  readonly #text: string;
  readonly #allows: Allowance;
  #position = 0;

  constructor(text: string, allows: Allowance) {
    this.#text = text;
    this.#allows = allows;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position === this.#text.length;
  }

  skipSpace(): void {
    while (' \t\n\r'.includes(this.#text[this.#position] ?? 'x')) this.#position++;
  }

  readValue(depth: number): SignableValue {
    if (depth > maxJsonDepth) throw new TrustError('not_canonical', `expected at most ${maxJsonDepth} levels`);
    this.skipSpace();
    switch (this.#text[this.#position]) {
      case '{':
        return this.#readObject(depth);
      case '[':
        return this.#readArray(depth);
      case '"':
        return this.#readString();
      case 't':
        return this.#readWord('true', true);
      case 'f':
        return this.#readWord('false', false);
      case 'n':
        return this.#readWord('null', null);
      default:
        return this.#readInteger();
    }
  }

  #readObject(depth: number): SignableObject {
    const object: Record<string, SignableValue> = Object.create(null);
    this.#expect('{');
    this.skipSpace();
    if (this.#allows.emptyObjects && this.#accept('}')) return object;
    if (this.#text[this.#position] === '}') throw new TrustError('not_canonical', 'expected a non-empty object');
    do {
      this.skipSpace();
      const key = this.#readString();
      if (!this.#allows.anyText) assertKey(key);
      if (key in object) throw new TrustError('malformed', `expected each key once, got ${JSON.stringify(key)} twice`);
      this.skipSpace();
      this.#expect(':');
      object[key] = this.readValue(depth + 1);
      this.skipSpace();
    } while (this.#accept(','));
    this.#expect('}');
    return object;
  }

  #readArray(depth: number): SignableValue[] {
    const items: SignableValue[] = [];
    this.#expect('[');
    this.skipSpace();
    if (this.#accept(']')) return items;
    do {
      items.push(this.readValue(depth + 1));
      this.skipSpace();
    } while (this.#accept(','));
    this.#expect(']');
    return items;
  }

  #readString(): string {
    const start = this.#position;
    this.#expect('"');
    plainUnits.lastIndex = this.#position;
    plainUnits.test(this.#text);
    const end = plainUnits.lastIndex;
    // Nearly all strings mean what they are; only the others are looked at unit by unit.
    if (this.#text[end] === '"') {
      this.#position = end + 1;
      return this.#text.slice(start + 1, end);
    }
    for (;;) {
      const unit = this.#text.charCodeAt(this.#position);
      if (Number.isNaN(unit) || unit < 0x20) throw this.#unexpected('a closed string');
      if (unit === 0x22) break;
      this.#position += unit === 0x5c ? 2 : 1;
    }
    this.#position++;
    const text = this.#unescape(this.#text.slice(start, this.#position));
    if (this.#allows.anyText) assertWellFormed(text);
    else assertText(text);
    return text;
  }

  #unescape(quoted: string): string {
    try {
      return JSON.parse(quoted) as string;
    } catch (cause) {
      throw new TrustError('malformed', 'expected a JSON string', { cause });
    }
  }

  #readInteger(): number {
    const match = /[-+0-9.eE]+/y;
    match.lastIndex = this.#position;
    const digits = match.exec(this.#text)?.[0];
    if (digits === undefined) throw this.#unexpected('a value');
    if (!/^(?:0|-?[1-9][0-9]*)$/.test(digits))
      throw new TrustError('not_canonical', `expected an integer, got ${digits.slice(0, 40)}`);
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw new TrustError('not_canonical', 'expected an integer within ±(2^53−1)');
    this.#position += digits.length;
    return value;
  }

  #readWord<T extends SignableValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#position)) throw this.#unexpected('a value');
    this.#position += word.length;
    return value;
  }

  #accept(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw this.#unexpected(`"${character}"`);
  }

  #unexpected(expected: string): TrustError {
    return new TrustError('malformed', `expected ${expected} at character ${this.#position}`);
  }
}
