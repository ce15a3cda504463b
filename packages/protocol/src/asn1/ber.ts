/** BER as NSS and Apple's tools still write it (X.690, 8): indefinite lengths and strings in pieces, turned into DER. */
import { TrustError } from '../errors.ts';
import { refuseDer } from './malformed.ts';
import { maxDerDepth } from './reader.ts';
import { tags } from './tag.ts';
import { constructed, type DerValue, encodeDer, primitive } from './writer.ts';

const constructedOctetString = tags.octetString | 0x20;

/**
 * One element as DER: lengths definite and minimal, octet strings in one piece. Sets keep their order and everything else its
 * content. Throws `too_large` above `maxBytes`, `malformed` for tags above 30 and below 32 levels.
 */
export function normalizeBer(
  bytes: Uint8Array<ArrayBuffer>,
  { maxBytes }: { readonly maxBytes: number },
): Uint8Array<ArrayBuffer> {
  if (bytes.length > maxBytes) {
    throw new TrustError('too_large', `expected at most ${maxBytes} bytes of BER, got ${bytes.length}`);
  }
  const reader = new BerReader(bytes);
  const value = reader.read(bytes.length, 0);
  if (reader.position !== bytes.length) throw refuseDer('no further element');
  return encodeDer(value);
}

class BerReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  position = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  read(end: number, depth: number): DerValue {
    if (depth > maxDerDepth) throw refuseDer(`at most ${maxDerDepth} levels`);
    const tag = this.#take(end);
    if (tag === 0 || (tag & 0x1f) === 0x1f) throw refuseDer('a tag from 1 to 30');
    const length = this.#readLength(end);
    if (length !== undefined && length > end - this.position) throw refuseDer(`content of ${length} octets`);
    if ((tag & 0x20) === 0) return this.#readPrimitive(tag, length);
    const members = this.#readMembers(length, end, depth);
    return tag === constructedOctetString ? joinPieces(members) : constructed(tag, members);
  }

  #take(end: number): number {
    if (this.position >= end) throw refuseDer('an element that is whole');
    return this.#bytes[this.position++] ?? 0;
  }

  /** `undefined`: indefinite (X.690, 8.1.3.6). */
  #readLength(end: number): number | undefined {
    const first = this.#take(end);
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets > 4) throw refuseDer('a length of at most four octets');
    let length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + this.#take(end);
    return octets === 0 ? undefined : length;
  }

  #readPrimitive(tag: number, length: number | undefined): DerValue {
    if (length === undefined) throw refuseDer('a definite length of what has no members');
    const start = this.position;
    this.position += length;
    return primitive(tag, this.#bytes.subarray(start, this.position));
  }

  #readMembers(length: number | undefined, end: number, depth: number): readonly DerValue[] {
    const members: DerValue[] = [];
    const last = length === undefined ? end : this.position + length;
    while (length === undefined ? !this.#takesEnd(last) : this.position < last)
      members.push(this.read(last, depth + 1));
    return members;
  }

  /** Steps behind the end-of-contents octets, if they are next. */
  #takesEnd(end: number): boolean {
    const isEnd = end - this.position >= 2 && this.#bytes[this.position] === 0 && this.#bytes[this.position + 1] === 0;
    if (isEnd) this.position += 2;
    return isEnd;
  }
}

/** The octet string whose pieces these are. Throws `malformed` unless they are octet strings. */
function joinPieces(pieces: readonly DerValue[]): DerValue {
  if (pieces.some((piece) => piece.tag !== tags.octetString)) throw refuseDer('pieces of an octet string');
  const content = new Uint8Array(pieces.reduce((total, piece) => total + piece.contentBytes, 0));
  let at = 0;
  for (const piece of pieces) {
    content.set(piece.content as Uint8Array, at);
    at += piece.contentBytes;
  }
  return primitive(tags.octetString, content);
}
