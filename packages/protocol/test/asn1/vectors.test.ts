/** X.690's own examples, and the encodings that everybody knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DerReader } from '@signpost/protocol/asn1/reader';
import type { StringTag } from '@signpost/protocol/asn1/string';
import { constructedTag, contextTag, tags } from '@signpost/protocol/asn1/tag';
import {
  bitOctets,
  boolean,
  constructed,
  type DerValue,
  encodeDer,
  generalizedTime,
  implicit,
  integer,
  namedBits,
  nothing,
  octetString,
  oid,
  primitive,
  sequence,
  setOf,
  string,
  time,
} from '@signpost/protocol/asn1/writer';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';

function assertWritten(value: DerValue, hex: string): void {
  assert.equal(encodeHex(encodeDer(value)), hex.replaceAll(' ', '').toLowerCase());
}

function open(hex: string): DerReader {
  return new DerReader(parseHex(hex.replaceAll(' ', '').toLowerCase()));
}

test('booleans are one octet (X.690, 8.2 and 11.1)', () => {
  assertWritten(boolean(true), '01 01 FF');
  assertWritten(boolean(false), '01 01 00');
  assert.equal(open('01 01 FF').readBoolean(), true);
});

test("integers are minimal two's complement (X.690, 8.3)", () => {
  for (const [value, hex] of [
    [0n, '02 01 00'],
    [127n, '02 01 7F'],
    [128n, '02 02 00 80'],
    [256n, '02 02 01 00'],
    [-1n, '02 01 FF'],
    [-128n, '02 01 80'],
    [-129n, '02 02 FF 7F'],
    [-32768n, '02 02 80 00'],
    [2n ** 159n, `02 15 00 80 ${'00'.repeat(19)}`],
  ] as const) {
    assertWritten(integer(value), hex);
    assert.equal(open(hex).readInteger(), value);
  }
});

test('bit strings count their unused bits; named ones end with a set bit (X.690, 8.6.4.2 and 11.2)', () => {
  const { bytes, unusedBits } = open('03 07 04 0A 3B 5F 29 1C D0').readBitString();
  assert.equal(encodeHex(bytes), '0a3b5f291cd0');
  assert.equal(unusedBits, 4);
  assertWritten(bitOctets(parseHex('0a3b')), '03 03 00 0A 3B');
  // Key usages of a CA: keyCertSign (5) and cRLSign (6).
  assertWritten(namedBits((1 << 5) | (1 << 6)), '03 02 01 06');
  assertWritten(namedBits(0), '03 01 00');
  // digitalSignature (0) and decipherOnly (8).
  assertWritten(namedBits(1 | (1 << 8)), '03 03 07 80 80');
  assert.equal(open('03 03 07 80 80').readNamedBits(), 257);
});

test('null is empty (X.690, 8.8)', () => {
  assertWritten(nothing(), '05 00');
  open('05 00').readNull();
});

test('sequences hold their members (X.690, 8.9.3)', () => {
  const value = sequence(string(tags.ia5String, 'Smith'), undefined, boolean(true));
  assertWritten(value, '30 0A 16 05 53 6D 69 74 68 01 01 FF');
  const reader = open('30 0A 16 05 53 6D 69 74 68 01 01 FF').readSequence();
  assert.equal(reader.readIa5(), 'Smith');
  assert.equal(reader.readBoolean(), true);
  reader.assertEnd();
});

test('tags replace or surround (X.690, 8.14)', () => {
  const text = string(tags.visibleString, 'Jones');
  assertWritten(text, '1A 05 4A 6F 6E 65 73');
  assertWritten(constructed(constructedTag(2), [text]), 'A2 07 1A 05 4A 6F 6E 65 73');
  assertWritten(implicit(contextTag(2), text), '82 05 4A 6F 6E 65 73');
});

test('object identifiers join their first two arcs (X.690, 8.19.5)', () => {
  for (const [text, hex] of [
    ['2.100.3', '06 03 81 34 03'],
    ['2.999.3', '06 03 88 37 03'],
    ['1.2.840.113549.1.1.11', '06 09 2A 86 48 86 F7 0D 01 01 0B'],
    ['0.39', '06 01 27'],
    ['2.48', '06 02 81 00'],
    // X.667: a UUID as an arc.
    [
      '2.25.329800735698586629295641978511506172918',
      '06 14 69 83 F0 9D A7 EB CF DE E0 C7 A1 A7 B2 C0 94 80 CC F9 ED F6',
    ],
  ] as const) {
    if (text.startsWith('2.25')) assert.equal(open(encodeHex(encodeDer(oid(text)))).readOid(), text);
    else assertWritten(oid(text), hex);
    if (!text.startsWith('2.25')) assert.equal(open(hex).readOid(), text);
  }
});

test('strings come in the types of X.690, 8.23.5', () => {
  const jones: readonly [StringTag, string][] = [
    [tags.visibleString, '1A 05 4A 6F 6E 65 73'],
    [tags.utf8String, '0C 05 4A 6F 6E 65 73'],
    [tags.printableString, '13 05 4A 6F 6E 65 73'],
    [tags.ia5String, '16 05 4A 6F 6E 65 73'],
  ];
  for (const [tag, hex] of jones) {
    assertWritten(string(tag, 'Jones'), hex);
    assert.deepEqual(open(hex).readString([tag]), { tag, text: 'Jones' });
  }
  assert.equal(open('1E 04 00 4A 20 AC').readString([tags.bmpString]).text, 'J€');
  assert.equal(open('1C 04 00 01 F6 00').readString([tags.universalString]).text, '😀');
  assert.equal(open('14 02 4A E9').readString([tags.teletexString]).text, 'Jé');
});

test('times are UTC with seconds, in the type that their year demands (RFC 5280, 4.1.2.5)', () => {
  // X.690, 11.8.3 and 11.7.5: the examples of valid representations.
  assertWritten(time(Date.UTC(1992, 6, 22, 13, 21, 0)), `17 0D ${encodeHex(Buffer.from('920722132100Z'))}`);
  assertWritten(time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)), `17 0D ${encodeHex(Buffer.from('491231235959Z'))}`);
  assertWritten(time(Date.UTC(2050, 0, 1)), `18 0F ${encodeHex(Buffer.from('20500101000000Z'))}`);
  assertWritten(time(253402300799000), `18 0F ${encodeHex(Buffer.from('99991231235959Z'))}`);
  assertWritten(generalizedTime(1.5), `18 0F ${encodeHex(Buffer.from('19700101000000Z'))}`);
  assert.equal(open(`17 0D ${encodeHex(Buffer.from('500101000000Z'))}`).readTime(), Date.UTC(1950, 0, 1));
  const precise = open(`18 12 ${encodeHex(Buffer.from('19920722132100.35Z'))}`);
  assert.equal(precise.readPreciseTime(), Date.UTC(1992, 6, 22, 13, 21, 0, 350));
});

test('a set stands in the order of its encodings (X.690, 11.6)', () => {
  const value = setOf([
    octetString(parseHex('02')),
    octetString(parseHex('01ff')),
    octetString(parseHex('01')),
    integer(9),
  ]);
  assertWritten(value, '31 0D 02 01 09 04 01 01 04 01 02 04 02 01 FF');
  assert.equal(
    open('31 0D 02 01 09 04 01 01 04 01 02 04 02 01 FF')
      .readSet()
      .readAll((set) => set.readElement()).length,
    4,
  );
});

test('lengths take as few octets as they can (X.690, 10.1)', () => {
  for (const [length, header] of [
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65535, '0482ffff'],
    [65536, '0483010000'],
    [16777216, '048401000000'],
  ] as const) {
    const bytes = encodeDer(primitive(tags.octetString, new Uint8Array(length)));
    assert.equal(encodeHex(bytes.subarray(0, header.length / 2)), header);
    assert.equal(new DerReader(bytes).readOctetString().length, length);
  }
});

test('every day of four centuries is read as the calendar has it', () => {
  const dayMs = 86_400_000;
  for (let day = Date.UTC(1890, 0, 1); day < Date.UTC(2290, 0, 1); day += dayMs) {
    if (day < Date.UTC(1950, 0, 1) || day >= Date.UTC(2050, 0, 1)) {
      assert.equal(new DerReader(encodeDer(generalizedTime(day))).readTime(), day);
    }
  }
  for (const [text, exists] of [
    ['20000229', true],
    ['19000229', false],
    ['21000229', false],
    ['20240229', true],
    ['20230229', false],
    ['20230431', false],
    ['20230100', false],
    ['20230001', false],
  ] as const) {
    const read = () => open(`18 0F ${encodeHex(Buffer.from(`${text}000000Z`))}`).readGeneralizedTime();
    if (exists) read();
    else assert.throws(read, { code: 'malformed' }, text);
  }
});
