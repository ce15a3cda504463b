/** What a lenient reader would take: each is refused as malformed, by the typed reads and by the walk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeOid } from '@signpost/protocol/asn1/oid';
import { DerReader, parseDer } from '@signpost/protocol/asn1/reader';
import type { StringTag } from '@signpost/protocol/asn1/string';
import { tags } from '@signpost/protocol/asn1/tag';
import { assertDer } from '@signpost/protocol/asn1/walk';
import { generalizedTime, oid, string } from '@signpost/protocol/asn1/writer';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';

type Read = (reader: DerReader) => unknown;

const text = (words: string) => encodeHex(new TextEncoder().encode(words));
const asString =
  (tag: StringTag): Read =>
  (reader) =>
    reader.readString([tag]);

const refused: readonly (readonly [name: string, hex: string, read: Read])[] = [
  ['an indefinite length', '30 80 00 00', (reader) => reader.readSequence()],
  ['a length of 127 in the long form', `04 81 7f ${'00'.repeat(127)}`, (reader) => reader.readOctetString()],
  ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, (reader) => reader.readOctetString()],
  ['a length of five octets', '04 85 00 00 00 00 01 00', (reader) => reader.readOctetString()],
  ['the reserved length', '04 ff 00', (reader) => reader.readOctetString()],
  ['a length that is cut off', '04 82 01', (reader) => reader.readOctetString()],
  ['a tag without a length', '04', (reader) => reader.readOctetString()],
  ['content that is cut off', '04 02 00', (reader) => reader.readOctetString()],
  [
    'a member that reaches beyond its sequence',
    '30 03 04 02 00 00',
    (reader) => reader.readSequence().readOctetString(),
  ],
  ['the end-of-contents tag', '00 00', (reader) => reader.readElement()],
  ['a constructed octet string', '24 03 04 01 00', (reader) => reader.readElement()],
  ['a constructed bit string', '23 04 03 02 00 01', (reader) => reader.readElement()],
  ['a constructed text', '2c 03 0c 01 41', (reader) => reader.readElement()],
  ['a primitive sequence', '10 00', (reader) => reader.readElement()],
  ['a high tag that fits the low form', '1f 1e 00', (reader) => reader.readElement()],
  ['a high tag with a leading zero', '1f 80 1f 00', (reader) => reader.readElement()],
  ['a high tag above 2^21', '1f 81 80 80 00 00', (reader) => reader.readElement()],
  ['a boolean other than 00 and FF', '01 01 01', (reader) => reader.readBoolean()],
  ['a boolean of two octets', '01 02 ff ff', (reader) => reader.readBoolean()],
  ['an empty boolean', '01 00', (reader) => reader.readBoolean()],
  ['an empty integer', '02 00', (reader) => reader.readInteger()],
  ['a padded integer', '02 02 00 7f', (reader) => reader.readInteger()],
  ['a padded negative integer', '02 02 ff 80', (reader) => reader.readInteger()],
  ['null with content', '05 01 00', (reader) => reader.readNull()],
  ['an empty object identifier', '06 00', (reader) => reader.readOid()],
  ['a padded arc', '06 03 2a 80 01', (reader) => reader.readOid()],
  ['a padded arc after a large one', `06 0b 69 ${'ff'.repeat(7)} 7f 80 01`, (reader) => reader.readOid()],
  ['an arc that is cut off', '06 02 2a 86', (reader) => reader.readOid()],
  ['a bit string without its count', '03 00', (reader) => reader.readBitString()],
  ['eight unused bits', '03 02 08 00', (reader) => reader.readBitString()],
  ['unused bits of nothing', '03 01 01', (reader) => reader.readBitString()],
  ['unused bits that are set', '03 02 01 01', (reader) => reader.readBitString()],
  ['a set out of order', '31 06 04 01 02 04 01 01', (reader) => reader.readSet()],
  ['a set with the longer one first', '31 07 04 02 01 00 04 01 01', (reader) => reader.readSet()],
  ['UTC time without seconds', `17 0b ${text('9912312359Z')}`, (reader) => reader.readTime()],
  ['UTC time with an offset', `17 11 ${text('991231235959+0100')}`, (reader) => reader.readTime()],
  ['UTC time on 30 February', `17 0d ${text('000230000000Z')}`, (reader) => reader.readTime()],
  ['UTC time at 24 hours', `17 0d ${text('000228240000Z')}`, (reader) => reader.readTime()],
  ['UTC time at second 60', `17 0d ${text('161231235960Z')}`, (reader) => reader.readTime()],
  ['UTC time with a sign', `17 0d ${text('-01231235959Z')}`, (reader) => reader.readTime()],
  ['generalized time without Z', `18 0e ${text('20500101000000')}`, (reader) => reader.readTime()],
  ['generalized time in month 13', `18 0f ${text('20501301000000Z')}`, (reader) => reader.readTime()],
  ['a fraction that ends with zero', `18 12 ${text('20500101000000.10Z')}`, (reader) => reader.readPreciseTime()],
  ['a fraction without digits', `18 10 ${text('20500101000000.Z')}`, (reader) => reader.readPreciseTime()],
  ['a comma before the fraction', `18 11 ${text('20500101000000,1Z')}`, (reader) => reader.readPreciseTime()],
  ['an asterisk in a printable string', `13 01 ${text('*')}`, asString(tags.printableString)],
  ['an @ in a printable string', `13 01 ${text('@')}`, asString(tags.printableString)],
  ['a letter in a numeric string', `12 01 ${text('a')}`, asString(tags.numericString)],
  ['eight bits in an IA5 string', '16 01 e9', asString(tags.ia5String)],
  ['a control character in a visible string', '1a 01 0a', asString(tags.visibleString)],
  ['UTF-8 that is none', '0c 01 e9', asString(tags.utf8String)],
  ['an overlong UTF-8 zero', '0c 02 c0 80', asString(tags.utf8String)],
  ['half a character', '1e 01 00', asString(tags.bmpString)],
  ['a surrogate in a BMP string', '1e 02 d8 3d', asString(tags.bmpString)],
  ['a number beyond Unicode', '1c 04 00 11 00 00', asString(tags.universalString)],
];

for (const [name, hex, read] of refused) {
  test(`${name} is refused`, () => {
    const bytes = parseHex(hex.replaceAll(' ', ''));
    assert.throws(() => read(new DerReader(bytes)), { name: 'TrustError', code: 'malformed' });
    assert.throws(() => assertDer(bytes), { name: 'TrustError', code: 'malformed' });
  });
}

const misread: readonly (readonly [name: string, hex: string, read: Read])[] = [
  ['another type', '04 00', (reader) => reader.readInteger()],
  ['a string of a type that is not allowed', '0c 00', asString(tags.ia5String)],
  ['a negative number where a magnitude is asked for', '02 01 ff', (reader) => reader.readUnsigned()],
  [
    'a number above 2^31−1 where a small one is asked for',
    '02 05 00 80 00 00 00',
    (reader) => reader.readSmallInteger(),
  ],
  ['a date through 2049 in generalized time', `18 0f ${text('20491231235959Z')}`, (reader) => reader.readTime()],
  ['a fraction of a second in a certificate', `18 11 ${text('20500101000000.1Z')}`, (reader) => reader.readTime()],
  ['named bits that end with zero', '03 02 00 06', (reader) => reader.readNamedBits()],
  ['named bits that are zero octets', '03 03 00 80 00', (reader) => reader.readNamedBits()],
  ['more than 31 named bits', '03 06 00 80 00 00 00 01', (reader) => reader.readNamedBits()],
  ['bits where octets are asked for', '03 02 01 02', (reader) => reader.readBitOctets()],
  ['a default that is written', '01 01 00', (reader) => reader.readDefaultFalse()],
  [
    'two elements inside an explicit tag',
    'a0 04 05 00 05 00',
    (reader) => reader.readExplicit(0, (one) => one.readNull()),
  ],
  ['nothing at all', '', (reader) => reader.readElement()],
];

for (const [name, hex, read] of misread) {
  test(`${name} is refused where something else is expected`, () => {
    assert.throws(() => read(new DerReader(parseHex(hex.replaceAll(' ', '')))), {
      name: 'TrustError',
      code: 'malformed',
    });
  });
}

test('bytes behind the last element are refused', () => {
  assert.throws(() => parseDer(parseHex('050000'), { maxBytes: 10 }, (reader) => reader.readNull()), {
    code: 'malformed',
  });
  assert.throws(() => assertDer(parseHex('05000500')), { code: 'malformed' });
});

test('more bytes than the limit are refused before they are looked at', () => {
  const read = () => parseDer(new Uint8Array(11), { maxBytes: 10 }, () => assert.fail('read'));
  assert.throws(read, { code: 'too_large', message: 'expected at most 10 bytes of DER, got 11' });
});

test('nesting below 32 levels is refused, however deep it goes, without deep recursion', () => {
  const nest = (levels: number) => {
    let bytes = new Uint8Array(0);
    for (let level = 0; level < levels; level++) {
      const header = bytes.length < 0x80 ? [0x30, bytes.length] : [0x30, 0x82, bytes.length >> 8, bytes.length & 0xff];
      const inner = bytes.length >= 0x80 && bytes.length < 0x100 ? [0x30, 0x81, bytes.length] : header;
      bytes = Uint8Array.from([...inner, ...bytes]);
    }
    return bytes;
  };
  assertDer(nest(32));
  assert.throws(() => assertDer(nest(34)), { code: 'malformed' });
  assert.throws(() => assertDer(nest(5000)), { code: 'malformed' });
});

test('identifiers of up to 128 octets are read, longer ones are refused', () => {
  const arcs = `2.5${'.1'.repeat(127)}`;
  assert.equal(new DerReader(Uint8Array.of(6, 0x81, 128, ...encodeOid(arcs))).readOid(), arcs);
  assert.throws(() => new DerReader(Uint8Array.of(6, 0x81, 129, ...encodeOid(arcs), 1)).readOid(), {
    code: 'malformed',
  });
});

test('writing what a type cannot carry is a mistake of the programmer', () => {
  for (const wrong of ['', '3.1', '1', '1.40', '1.2.', '1.02', '1.a', `2.5${'.1'.repeat(128)}`]) {
    assert.throws(() => oid(wrong), TypeError);
  }
  assert.throws(() => string(tags.printableString, 'a@b'), TypeError);
  assert.throws(() => string(tags.ia5String, 'é'), TypeError);
  assert.throws(() => string(tags.bmpString, 'a'), TypeError);
  assert.throws(() => generalizedTime(Date.UTC(10000, 0, 1)), TypeError);
  assert.throws(() => generalizedTime(Number.NaN), TypeError);
});
