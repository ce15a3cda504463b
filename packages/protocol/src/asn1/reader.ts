/** Strict DER (X.690, clauses 8, 10 and 11), read in place: nothing is copied, each type has one encoding. */
import { TrustError } from '../errors.ts';
import { type BitString, parseBits, parseNamedBits } from './bits.ts';
import { assertInteger, toBigInt, toSmallInteger } from './integer.ts';
import { parseOid } from './oid.ts';
import { isStringTag, parseString, type StringTag } from './string.ts';
import { constructedTag, describeTag, isConstructed, tags } from './tag.ts';
import { isUtcTime, parseGeneralizedTime, parsePreciseTime, parseUtcTime } from './time.ts';

/** Elements that stand deeper are refused. No format here goes below 16. */
export const maxDerDepth = 32;

/** One element of any type. */
export interface DerElement {
  readonly tag: number;
  /** The content octets, a view. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** The whole element with its header, a view. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Text and the type that carried it. */
export interface DerString {
  readonly tag: StringTag;
  readonly text: string;
}

/**
 * What `parse` makes of `bytes`, which must be one or more elements that it reads to the end.
 * Throws `too_large` above `maxBytes`, `malformed` for everything that is not DER of the type that is asked for.
 */
export function parseDer<T>(
  bytes: Uint8Array<ArrayBuffer>,
  { maxBytes }: { readonly maxBytes: number },
  parse: (reader: DerReader) => T,
): T {
  if (bytes.length > maxBytes) {
    throw new TrustError('too_large', `expected at most ${maxBytes} bytes of DER, got ${bytes.length}`);
  }
  const reader = new DerReader(bytes);
  const value = parse(reader);
  reader.assertEnd();
  return value;
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/** A place among the elements of one level. Each `read` takes the next one and throws `malformed` unless it is as asked. */
export class DerReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #end: number;
  readonly #depth: number;
  #position: number;
  /** Where the content of the element whose header was read last stands. */
  #contentStart = 0;
  #contentEnd = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, span: Span = { start: 0, end: bytes.length, depth: 0 }) {
    if (span.depth > maxDerDepth) throw new TrustError('malformed', `expected at most ${maxDerDepth} levels`);
    // A Buffer's `subarray` gives Buffers: views of one plain type compare and behave alike.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#position = span.start;
    this.#end = span.end;
    this.#depth = span.depth;
  }

  /** Whether all elements of this level are read. */
  get atEnd(): boolean {
    return this.#position === this.#end;
  }

  /** Throws `malformed` unless all elements are read. */
  assertEnd(): void {
    if (!this.atEnd) throw this.#refuse('no further element');
  }

  /** The tag of the next element, `undefined` at the end. */
  peekTag(): number | undefined {
    if (this.atEnd) return undefined;
    const first = this.#bytes[this.#position] ?? 0;
    return (first & 0x1f) === 0x1f ? this.#readHighTag(this.#position).tag : first;
  }

  /** The next element, whatever it is. What it contains is not looked at: see `assertDer`. */
  readElement(): DerElement {
    const start = this.#position;
    const tag = this.#readHeader();
    return {
      tag,
      content: this.#bytes.subarray(this.#contentStart, this.#contentEnd),
      bytes: this.#bytes.subarray(start, this.#contentEnd),
    };
  }

  /** The content of the next element, which has this tag. */
  readContent(tag: number): Uint8Array<ArrayBuffer> {
    this.#open(tag);
    return this.#bytes.subarray(this.#contentStart, this.#contentEnd);
  }

  /** The elements inside the next one, which is constructed and has this tag. */
  readConstructed(tag: number): DerReader {
    this.#open(tag);
    return new DerReader(this.#bytes, {
      start: this.#contentStart,
      end: this.#contentEnd,
      depth: this.#depth + 1,
    });
  }

  /** The elements of a SEQUENCE. */
  readSequence(): DerReader {
    return this.readConstructed(tags.sequence);
  }

  /** The elements of a SET OF, which stand in their canonical order. */
  readSet(): DerReader {
    const set = this.readConstructed(tags.set);
    set.assertOrder();
    return set;
  }

  /** What `read` makes of the element inside an EXPLICIT tag `[number]`, or `undefined` when another one comes next. */
  readExplicit<T>(number: number, read: (reader: DerReader) => T): T | undefined {
    if (this.peekTag() !== constructedTag(number)) return undefined;
    const inner = this.readConstructed(constructedTag(number));
    const value = read(inner);
    inner.assertEnd();
    return value;
  }

  /** What `read` makes of the next element if it has this tag, otherwise `undefined`. */
  readOptional<T>(tag: number, read: (reader: DerReader) => T): T | undefined {
    return this.peekTag() === tag ? read(this) : undefined;
  }

  /** What `read` makes of each element that is left. */
  readAll<T>(read: (reader: DerReader) => T): T[] {
    const values: T[] = [];
    while (!this.atEnd) values.push(read(this));
    return values;
  }

  readBoolean(tag: number = tags.boolean): boolean {
    const content = this.readContent(tag);
    // X.690, 11.1.
    if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) throw this.#refuse('00 or FF as boolean');
    return content[0] === 0xff;
  }

  /** BOOLEAN DEFAULT FALSE: absent or true, since DER does not write defaults (X.690, 11.5). */
  readDefaultFalse(tag: number = tags.boolean): boolean {
    if (this.peekTag() !== tag) return false;
    if (!this.readBoolean(tag)) throw this.#refuse('a default to be left out');
    return true;
  }

  readInteger(tag: number = tags.integer): bigint {
    return toBigInt(this.readIntegerContent(tag));
  }

  /** An INTEGER from 0 to 2^31−1. */
  readSmallInteger(tag: number = tags.integer): number {
    return toSmallInteger(this.readIntegerContent(tag));
  }

  /** The content octets of an INTEGER: minimal two's complement. */
  readIntegerContent(tag: number = tags.integer): Uint8Array<ArrayBuffer> {
    const content = this.readContent(tag);
    assertInteger(content);
    return content;
  }

  /** A non-negative INTEGER as big-endian octets without a leading zero; zero is empty. */
  readUnsigned(tag: number = tags.integer): Uint8Array<ArrayBuffer> {
    const content = this.readIntegerContent(tag);
    if ((content[0] ?? 0) >= 0x80) throw this.#refuse('an integer of at least 0');
    return content[0] === 0 ? content.subarray(1) : content;
  }

  readBitString(tag: number = tags.bitString): BitString {
    return parseBits(this.readContent(tag));
  }

  /** A BIT STRING of whole octets. */
  readBitOctets(tag: number = tags.bitString): Uint8Array<ArrayBuffer> {
    const { bytes, unusedBits } = this.readBitString(tag);
    if (unusedBits !== 0) throw this.#refuse('a bit string of whole octets');
    return bytes;
  }

  /** A BIT STRING of named bits as a mask: bit n is `1 << n`. */
  readNamedBits(tag: number = tags.bitString): number {
    return parseNamedBits(this.readContent(tag));
  }

  readOctetString(tag: number = tags.octetString): Uint8Array<ArrayBuffer> {
    return this.readContent(tag);
  }

  readNull(tag: number = tags.null): void {
    if (this.readContent(tag).length !== 0) throw this.#refuse('null to be empty');
  }

  /** An OBJECT IDENTIFIER in dotted decimal. */
  readOid(tag: number = tags.oid): string {
    return parseOid(this.readContent(tag));
  }

  /** A string of one of the types `allowed`. */
  readString(allowed: readonly StringTag[]): DerString {
    const tag = this.peekTag() ?? 0;
    if (!isStringTag(tag) || !allowed.includes(tag)) throw this.#refuse(allowed.map(describeTag).join(' or '));
    return { tag, text: parseString(tag, this.readContent(tag)) };
  }

  /** IA5String, or what stands for it under an IMPLICIT tag. */
  readIa5(tag: number = tags.ia5String): string {
    return parseString(tags.ia5String, this.readContent(tag));
  }

  /** The CHOICE `Time` in Unix ms: UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5). */
  readTime(): number {
    if (this.peekTag() === tags.utcTime) return parseUtcTime(this.readContent(tags.utcTime));
    const time = this.readGeneralizedTime();
    if (isUtcTime(time)) throw this.#refuse('a date through 2049 as UTC time');
    return time;
  }

  /** GeneralizedTime without a fraction, in Unix ms. */
  readGeneralizedTime(tag: number = tags.generalizedTime): number {
    return parseGeneralizedTime(this.readContent(tag));
  }

  /** GeneralizedTime with an optional fraction, in Unix ms, rounded down. */
  readPreciseTime(tag: number = tags.generalizedTime): number {
    return parsePreciseTime(this.readContent(tag));
  }

  /** Throws `malformed` unless the elements that are left stand in the order of X.690, 11.6. Reads nothing. */
  assertOrder(): void {
    const start = this.#position;
    let [lastStart, lastEnd] = [start, start];
    while (!this.atEnd) {
      const from = this.#position;
      this.#readHeader();
      if (lastEnd > lastStart && isAfter(this.#bytes, [lastStart, lastEnd], [from, this.#position])) {
        throw this.#refuse('a set in ascending order');
      }
      [lastStart, lastEnd] = [from, this.#position];
    }
    this.#position = start;
  }

  #open(expected: number): void {
    const start = this.#position;
    const tag = this.atEnd ? undefined : this.#readHeader();
    if (tag === expected) return;
    this.#position = start;
    throw this.#refuse(`${describeTag(expected)}, got ${tag === undefined ? 'the end' : describeTag(tag)}`);
  }

  /** Reads tag and length, notes where the content stands, and steps behind the element. */
  #readHeader(): number {
    const bytes = this.#bytes;
    let at = this.#position;
    if (at >= this.#end) throw this.#refuse('an element');
    let tag = bytes[at++] ?? 0;
    if ((tag & 0x1f) === 0x1f) ({ tag, at } = this.#readHighTag(at - 1));
    if (at >= this.#end) throw this.#refuse('a length');
    let length = bytes[at++] ?? 0;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      // X.690, 10.1: definite; four octets bound what any format here may carry.
      if (octets === 0 || octets > 4 || at + octets > this.#end) throw this.#refuse('a definite length that fits');
      length = 0;
      for (let index = 0; index < octets; index++) length = length * 256 + (bytes[at++] ?? 0);
      if (length < 0x80 || length < 256 ** (octets - 1)) throw this.#refuse('a minimal length');
    }
    if (length > this.#end - at) throw this.#refuse(`content of ${length} octets`);
    if ((tag & 0xc0) === 0 && (tag & 0x1f) !== 0x1f) this.#assertForm(tag);
    this.#contentStart = at;
    this.#contentEnd = at + length;
    this.#position = at + length;
    return tag;
  }

  /** X.690, 10.2: strings are primitive; sequences and sets are constructed (8.9, 8.11); tag 0 ends indefinite lengths. */
  #assertForm(tag: number): void {
    const number = tag & 0x1f;
    const isStructure = number === 0x10 || number === 0x11 || number === 0x08 || number === 0x0b;
    if (number === 0 || isConstructed(tag) !== isStructure) throw this.#refuse('a universal type in its DER form');
  }

  #readHighTag(start: number): { readonly tag: number; readonly at: number } {
    let number = 0;
    for (let at = start + 1; at < Math.min(this.#end, start + 4); at++) {
      const octet = this.#bytes[at] ?? 0;
      if (number === 0 && octet === 0x80) break;
      number = number * 128 + (octet & 0x7f);
      if (octet >= 0x80) continue;
      // X.690, 8.1.2.2: numbers below 31 have one octet.
      if (number < 31) break;
      return { tag: (this.#bytes[start] ?? 0) | (number << 8), at: at + 1 };
    }
    throw this.#refuse('a minimal tag below 2^21');
  }

  #refuse(expected: string): TrustError {
    return new TrustError('malformed', `expected ${expected} at byte ${this.#position} of the DER`);
  }
}

function isAfter(bytes: Uint8Array, [start, end]: [number, number], [from, to]: [number, number]): boolean {
  const length = Math.min(end - start, to - from);
  for (let index = 0; index < length; index++) {
    const [left = 0, right = 0] = [bytes[start + index], bytes[from + index]];
    if (left !== right) return left > right;
  }
  return end - start > to - from;
}
