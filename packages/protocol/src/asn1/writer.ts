/** Writes DER: values are described first, with their sizes, then written once into one buffer. */
import { encodeNamedBits } from './bits.ts';
import { encodeInteger, encodeUnsigned } from './integer.ts';
import { encodeOid } from './oid.ts';
import { encodeString, type StringTag } from './string.ts';
import { constructedTag, tags } from './tag.ts';
import { encodeGeneralizedTime, encodePreciseTime, encodeTime } from './time.ts';

/** A value to be written. Values may be kept and used again, in several places. */
export interface DerValue {
  /** The octet before the length; `undefined`: `content` is already encoded, header and all. */
  readonly tag: number | undefined;
  /** Octets of the content alone. */
  readonly contentBytes: number;
  /** Octets with the header. */
  readonly totalBytes: number;
  readonly content: Uint8Array | readonly DerValue[];
}

/** The bytes of a value. */
export function encodeDer(value: DerValue): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(value.totalBytes);
  writeValue(value, target, 0);
  return target;
}

/** Octets of the longest header. */
export const maxHeaderBytes = 6;

/** Writes a value to `offset` and returns the offset behind it. */
export function encodeInto(value: DerValue, target: Uint8Array, offset: number): number {
  return writeValue(value, target, offset);
}

/** Writes the header of content that ends at `end` right before its `start`, and returns where the header begins. */
export function encodeHeaderBefore(
  tag: number,
  target: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  const at = start - countHeader(end - start);
  target[at] = tag;
  writeLength(end - start, target, at + 1);
  return at;
}

/** A primitive value of this tag. Tags are below 31. */
export function primitive(tag: number, content: Uint8Array): DerValue {
  const contentBytes = content.length;
  return { tag, contentBytes, totalBytes: countHeader(contentBytes) + contentBytes, content };
}

/** A constructed value of this tag. */
export function constructed(tag: number, content: readonly DerValue[]): DerValue {
  let contentBytes = 0;
  for (const value of content) contentBytes += value.totalBytes;
  return { tag, contentBytes, totalBytes: countHeader(contentBytes) + contentBytes, content };
}

/** Elements that are encoded already; none, one or several. */
export function encoded(bytes: Uint8Array): DerValue {
  return { tag: undefined, contentBytes: bytes.length, totalBytes: bytes.length, content: bytes };
}

/** Values one after the other, encoded once for all the places in which they are to stand. */
export function encodeTogether(values: readonly DerValue[]): DerValue {
  let bytes = 0;
  for (const { totalBytes } of values) bytes += totalBytes;
  const target = new Uint8Array(bytes);
  let at = 0;
  for (const value of values) at = writeValue(value, target, at);
  return encoded(target);
}

/** SEQUENCE. Members that are `undefined` are left out. */
export function sequence(...members: readonly (DerValue | undefined)[]): DerValue {
  return constructed(
    tags.sequence,
    members.filter((member) => member !== undefined),
  );
}

/** SEQUENCE OF. */
export function sequenceOf(members: readonly DerValue[]): DerValue {
  return constructed(tags.sequence, members);
}

/** SET OF: its members in ascending order of their encodings (X.690, 11.6). */
export function setOf(members: readonly DerValue[], tag: number = tags.set): DerValue {
  const sorted = members.map(encodeDer).sort(compareBytes);
  return constructed(tag, sorted.map(encoded));
}

/** An EXPLICIT tag `[number]` around a value. */
export function explicit(number: number, value: DerValue): DerValue {
  return constructed(constructedTag(number), [value]);
}

/** A value under another tag (IMPLICIT). Not for encoded ones. */
export function implicit(tag: number, value: DerValue): DerValue {
  if (value.tag === undefined) throw new TypeError('expected a value that is not encoded yet');
  return { ...value, tag };
}

export function boolean(value: boolean): DerValue {
  return primitive(tags.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function integer(value: bigint | number): DerValue {
  return primitive(tags.integer, encodeInteger(value));
}

/** INTEGER of big-endian octets without a sign. */
export function unsigned(magnitude: Uint8Array): DerValue {
  return primitive(tags.integer, encodeUnsigned(magnitude));
}

export function enumerated(value: number): DerValue {
  return primitive(tags.enumerated, encodeInteger(value));
}

/** BIT STRING of whole octets. */
export function bitOctets(bytes: Uint8Array): DerValue {
  return constructed(tags.bitString, [noUnusedBits, encoded(bytes)]);
}

const noUnusedBits = encoded(Uint8Array.of(0));

/** BIT STRING of named bits: bit n is `1 << n`. */
export function namedBits(mask: number): DerValue {
  return primitive(tags.bitString, encodeNamedBits(mask));
}

export function octetString(bytes: Uint8Array): DerValue {
  return primitive(tags.octetString, bytes);
}

/** OCTET STRING around a value. */
export function wrapOctets(value: DerValue): DerValue {
  return constructed(tags.octetString, [value]);
}

/** NULL. */
export function nothing(): DerValue {
  return primitive(tags.null, new Uint8Array(0));
}

/** Identifiers written before: a program has a few dozen, and those that people configure must not fill the memory. */
const knownOids = new Map<string, DerValue>();
const maxKnownOids = 1000;

/** OBJECT IDENTIFIER from dotted decimal. Throws a TypeError when it is none: identifiers to write are the program's own. */
export function oid(text: string): DerValue {
  const known = knownOids.get(text);
  if (known) return known;
  const value = primitive(tags.oid, encodeOid(text));
  if (knownOids.size < maxKnownOids) knownOids.set(text, value);
  return value;
}

/** A string. Throws a TypeError on characters that its type cannot carry. */
export function string(tag: StringTag, text: string): DerValue {
  return primitive(tag, encodeString(tag, text));
}

/** Times written before: what is issued within a second begins and ends alike. */
const knownTimes = new Map<number, DerValue>();
const maxKnownTimes = 64;

/** The CHOICE `Time` of RFC 5280: UTCTime through 2049, then GeneralizedTime; rounded down to the second. */
export function time(timeMs: number): DerValue {
  const known = knownTimes.get(timeMs);
  if (known) return known;
  const { tag, content } = encodeTime(timeMs);
  const value = primitive(tag, content);
  if (knownTimes.size === maxKnownTimes) knownTimes.clear();
  knownTimes.set(timeMs, value);
  return value;
}

/** GeneralizedTime, rounded down to the second: fractions are forbidden by RFC 5280, and GnuTLS refuses them. */
export function generalizedTime(timeMs: number): DerValue {
  return primitive(tags.generalizedTime, encodeGeneralizedTime(timeMs));
}

/** GeneralizedTime with milliseconds, for RFC 3161 alone. */
export function preciseTime(timeMs: number): DerValue {
  return primitive(tags.generalizedTime, encodePreciseTime(timeMs));
}

/** The order of a SET OF: octet by octet, the shorter one first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function countHeader(contentBytes: number): number {
  if (contentBytes < 0x80) return 2;
  if (contentBytes < 0x100) return 3;
  if (contentBytes < 0x10000) return 4;
  return contentBytes < 0x1000000 ? 5 : 6;
}

/** Returns the offset behind what was written. Recursion is as deep as the program's own structures. */
function writeValue(value: DerValue, target: Uint8Array, offset: number): number {
  const { tag, content, contentBytes } = value;
  let at = offset;
  if (tag !== undefined) {
    target[at++] = tag;
    at = writeLength(contentBytes, target, at);
  }
  if (isBytes(content)) {
    writeBytes(content, target, at);
    return at + contentBytes;
  }
  for (const member of content) at = writeValue(member, target, at);
  return at;
}

/** Bytes of another realm, such as a test's or a frame's, are bytes too, which `instanceof` denies. */
function isBytes(content: DerValue['content']): content is Uint8Array {
  return ArrayBuffer.isView(content);
}

function writeLength(length: number, target: Uint8Array, offset: number): number {
  if (length < 0x80) {
    target[offset] = length;
    return offset + 1;
  }
  const octets = countHeader(length) - 2;
  target[offset] = 0x80 | octets;
  for (let index = octets, rest = length; index > 0; index--, rest = Math.floor(rest / 256))
    target[offset + index] = rest;
  return offset + 1 + octets;
}

/** A call of `set` costs more than a few octets. */
function writeBytes(bytes: Uint8Array, target: Uint8Array, offset: number): void {
  if (bytes.length > 24) target.set(bytes, offset);
  else for (let index = 0; index < bytes.length; index++) target[offset + index] = bytes[index] ?? 0;
}
