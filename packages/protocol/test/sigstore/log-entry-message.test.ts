/** Log entries in Protocol Buffers, as gitsign keeps them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import { parseLogEntryMessage } from '@signpost/protocol/sigstore/log-entry-message';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';

test('every kind of field is read into the form of JSON', () => {
  // log_index 300, log_id { key_id 0x01 }, inclusion_proof { hashes 0x02, hashes 0x03 }.
  assert.deepEqual(parseLogEntryMessage(parseHex('08ac0212030a0101320622010222' + '0103')), {
    logIndex: '300',
    logId: { keyId: 'AQ==' },
    inclusionProof: { hashes: ['Ag==', 'Aw=='] },
  });
  assert.deepEqual(parseLogEntryMessage(new Uint8Array()), {});
});

for (const [name, hex] of [
  ['an unknown field', '4800'],
  ['a field whose number only seems to be known', '88808080800101'],
  ['a field twice', '08010802'],
  ['a field of another kind', '0a00'],
  ['a number without end', '08ffffffffffffffffffffff'],
  ['a field that is longer than the message', '12030a'],
  ['text that is none', '1a040a02c328'],
] as const) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseLogEntryMessage(parseHex(hex)), refuses('malformed'));
  });
}

test('what is long is refused unread', () => {
  assert.throws(() => parseLogEntryMessage(new Uint8Array(300_000)), refuses('too_large'));
});

test('a proof of more hashes than any log is deep is refused before the rest is read', () => {
  const proof = (hashes: number) => {
    const list = Buffer.alloc(2 * hashes, Buffer.from([(4 << 3) | 2, 0]));
    const { length } = list;
    const size = [0x80 | (length & 0x7f), 0x80 | ((length >> 7) & 0x7f), length >> 14];
    return new Uint8Array(Buffer.concat([Buffer.from([(6 << 3) | 2, ...size]), list]));
  };
  const { inclusionProof } = parseLogEntryMessage(proof(64));
  assert.equal((inclusionProof as { readonly hashes: readonly string[] }).hashes.length, 64);
  assert.throws(() => parseLogEntryMessage(proof(65)), refuses('too_large'));
  // 131,000 took minutes once, in which nobody else was answered.
  assert.throws(() => parseLogEntryMessage(proof(131_000)), refuses('too_large'));
});

test('any bytes are an entry or a refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        parseLogEntryMessage(new Uint8Array(bytes));
      } catch (error) {
        assert.ok(error instanceof TrustError);
      }
    }),
  );
});
