/** Round trips, one encoding for each value, and no error but ours whatever the bytes. The oracle is openssl asn1parse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { type DerElement, DerReader } from '@signpost/protocol/asn1/reader';
import { tags } from '@signpost/protocol/asn1/tag';
import { assertDer, walkDer } from '@signpost/protocol/asn1/walk';
import { encodeDer, encoded, primitive, sequenceOf, setOf } from '@signpost/protocol/asn1/writer';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { samples } from './values.ts';

test('what is written is read back, and is DER at every level', () => {
  fc.assert(
    fc.property(samples, ({ value, read }) => {
      const bytes = encodeDer(value);
      assert.equal(bytes.length, value.totalBytes);
      const reader = new DerReader(bytes);
      read(reader);
      reader.assertEnd();
      assertDer(bytes);
    }),
    { numRuns: 500 },
  );
});

test('what the walk accepts is the only encoding: written again from its parts it is the same', () => {
  fc.assert(
    fc.property(samples, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }), ({ value }, changes) => {
      const bytes = encodeDer(value);
      for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
      if (!isDer(bytes)) return;
      assert.deepEqual(rewrite(bytes), bytes);
    }),
    { numRuns: 1000 },
  );
});

test('no bytes lead to another error than a refusal', () => {
  const mutated = fc
    .tuple(samples, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(8))
    .map(([{ value }, changes, cut]) => {
      const bytes = encodeDer(value);
      for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
      return bytes.subarray(0, Math.max(0, bytes.length - cut));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      isDer(new Uint8Array(bytes));
    }),
    { numRuns: 5000 },
  );
});

test('openssl sees the same elements at the same depths', { skip: findMissingOracle('openssl', ['version']) }, () => {
  const batch = fc.sample(samples, 60).map(({ value }) => value);
  const bytes = encodeDer(sequenceOf(batch));
  const { stdout, status } = askOracle('openssl', ['asn1parse', '-inform', 'DER'], bytes);
  assert.equal(status, 0);
  const theirs = [...stdout.toString('utf8').matchAll(/^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) /gm)].map((match) =>
    match.slice(1).map(Number),
  );
  const ours: number[][] = [];
  const record = ({ bytes: element, content }: DerElement, depth: number) =>
    ours.push([element.byteOffset - bytes.byteOffset, depth, element.length - content.length, content.length]);
  walkDer(bytes, record);
  assert.deepEqual(ours, theirs);
});

test('a long list is written in one go', () => {
  const row = sequenceOf([primitive(tags.octetString, new Uint8Array(40))]);
  const bytes = encodeDer(sequenceOf(Array.from({ length: 100_000 }, () => row)));
  assert.equal(bytes.length, 100_000 * 44 + 5);
  let rows = 0;
  const list = new DerReader(bytes).readSequence();
  for (; !list.atEnd; rows++) list.readSequence().readOctetString();
  assert.equal(rows, 100_000);
});

test('PEM blocks come back; what stands between them is ignored', () => {
  const blocks = fc.array(fc.record({ label: fc.constantFrom('CERTIFICATE', 'X509 CRL'), bytes: fc.uint8Array() }));
  fc.assert(
    fc.property(blocks, fc.constantFrom('', 'subject=CN = a\n', '\r\n'), (given, between) => {
      const text = given.map(({ label, bytes }) => between + encodePem(label, bytes)).join('');
      const expected = given.map(({ label, bytes }) => ({ label, bytes: new Uint8Array(bytes) }));
      assert.deepEqual(parsePem(text, 1_000_000), expected);
      assert.deepEqual(parsePem(text.replaceAll('\n', '\r\n'), 1_000_000), expected);
    }),
  );
});

test('a PEM block that does not end, ends as another, or is not base64 is refused', () => {
  for (const text of [
    '-----BEGIN A-----\nAAAA\n',
    '-----BEGIN A-----\nAAAA\n-----END B-----\n',
    '-----BEGIN A-----\n-----BEGIN A-----\nAAAA\n-----END A-----\n',
    '-----BEGIN A-----\nAA AA\n-----END A-----\n',
    '-----BEGIN A-----\nAAA\n-----END A-----\n',
    '-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END A-----\n',
  ]) {
    assert.throws(() => parsePem(text, 1000), { code: 'malformed' }, text);
  }
  assert.throws(() => parsePem('x'.repeat(11), 10), { code: 'too_large' });
});

function isDer(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    assertDer(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof TrustError, `expected a TrustError, got ${error}`);
    return false;
  }
}

/** Takes an element apart and writes it again, level by level. */
function rewrite(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const { tag, content } = new DerReader(bytes).readElement();
  if ((tag & 0x1f) === 0x1f) return bytes;
  if ((tag & 0x20) === 0) return encodeDer(primitive(tag, content));
  const members = new DerReader(content).readAll((reader) => encoded(rewrite(reader.readElement().bytes)));
  return encodeDer(tag === tags.set ? setOf(members) : { ...sequenceOf(members), tag });
}
