/** Contents of the character string types (X.680, 41), each held to its own alphabet. */
import { encodeText, parseText } from '../bytes/text.ts';
import { refuseDer } from './malformed.ts';
import { describeTag, tags } from './tag.ts';

/** The string types by their tags. */
export type StringTag =
  | typeof tags.utf8String
  | typeof tags.numericString
  | typeof tags.printableString
  | typeof tags.teletexString
  | typeof tags.ia5String
  | typeof tags.visibleString
  | typeof tags.universalString
  | typeof tags.bmpString;

const alphabets: Partial<Record<StringTag, RegExp>> = {
  [tags.numericString]: /^[0-9 ]*$/,
  [tags.printableString]: /^[A-Za-z0-9 '()+,\-./:=?]*$/,
  [tags.ia5String]: /^[\x00-\x7f]*$/,
  [tags.visibleString]: /^[\x20-\x7e]*$/,
};

/** Whether `tag` is one of a string type. */
export function isStringTag(tag: number): tag is StringTag {
  return tag === tags.utf8String || tag === tags.teletexString || tag === tags.universalString || tag === tags.bmpString
    ? true
    : tag in alphabets;
}

/** The text of content octets of the type `tag`. Throws `malformed` on characters outside the type's alphabet. */
export function parseString(tag: StringTag, content: Uint8Array): string {
  if (tag === tags.utf8String) return parseText(content);
  if (tag === tags.bmpString) return parseUnits(content, 2);
  if (tag === tags.universalString) return parseUnits(content, 4);
  const text = parseLatin1(content);
  // T.61 (teletex) is read as Latin-1, as everybody does who still meets it.
  if (alphabets[tag]?.test(text) === false) throw refuseDer(`${describeTag(tag)} to keep to its alphabet`);
  return text;
}

/** The content octets of `text` as the type `tag`. Throws a TypeError on characters that the type cannot carry. */
export function encodeString(tag: StringTag, text: string): Uint8Array<ArrayBuffer> {
  if (tag === tags.utf8String) return encodeText(text);
  if (!(tag in alphabets)) throw new TypeError(`${describeTag(tag)} is only read, never written`);
  if (alphabets[tag]?.test(text) === false) throw new TypeError(`expected text that ${describeTag(tag)} can carry`);
  return encodeText(text);
}

/** Whether PrintableString can carry `text`. */
export function isPrintable(text: string): boolean {
  return alphabets[tags.printableString]?.test(text) === true;
}

function parseLatin1(content: Uint8Array): string {
  let text = '';
  // Spreading costs more than a few characters.
  if (content.length <= 64) {
    for (let index = 0; index < content.length; index++) text += String.fromCharCode(content[index] ?? 0);
    return text;
  }
  for (let start = 0; start < content.length; start += 0x2000) {
    text += String.fromCharCode(...content.subarray(start, start + 0x2000));
  }
  return text;
}

/** UCS-2 or UCS-4, big-endian: surrogates are no characters. */
function parseUnits(content: Uint8Array, size: 2 | 4): string {
  if (content.length % size !== 0) throw refuseDer(`a string of ${size} octets a character`);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  let text = '';
  for (let at = 0; at < content.length; at += size) {
    const point = size === 2 ? view.getUint16(at) : view.getUint32(at);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw refuseDer('a string of Unicode characters');
    text += String.fromCodePoint(point);
  }
  return text;
}
