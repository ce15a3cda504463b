/** Statements by which a signer vouches for another one (docs/protocol/vouch.md). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseStatement } from '@signpost/protocol/intoto/statement';
import { digestSigner, parseVouch, type VouchedSigner, vouchType } from '@signpost/protocol/intoto/vouch';
import { refuses } from '../refuses.ts';

const signer = { issuer: 'https://token.example', subject: 'https://forge.example/new/.ci', refType: 'tag' };
const said = {
  source: 'oci:ghcr.io/org/app',
  signer,
  validFrom: '2026-11-01T00:00:00Z',
  validTo: '2026-12-01T00:00:00Z',
};

function statement(differs: object = {}, subjects?: object[]) {
  const predicate: { signer: unknown } = { ...said, ...differs };
  const sha256 = digestSigner(predicate.signer as VouchedSigner);
  const subject = subjects ?? [{ name: said.source, digest: { sha256 } }];
  const document = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: vouchType, predicate };
  return parseStatement(encodeText(JSON.stringify(document)));
}

test('a vouch names source, signer and window', () => {
  const { from, to, ...rest } = parseVouch(statement());
  assert.deepEqual(rest, { source: said.source, line: undefined, signer });
  assert.deepEqual([from, to], [Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)]);
  const byKey = parseVouch(statement({ signer: { key: 'ab'.repeat(32) }, line: '1' }));
  assert.deepEqual([byKey.signer, byKey.line], [{ key: 'ab'.repeat(32) }, '1']);
});

test('the digest of a signer does not hang on the order of its claims', () => {
  const { issuer, subject, refType } = signer;
  assert.equal(digestSigner({ refType, subject, issuer }), digestSigner(signer));
  assert.equal(
    digestSigner({ key: 'ab' }),
    // printf '{"key":"ab"}' | sha256sum
    '35844ea97f41b8a7f586ebb9af66cbecfda925851d33c6176c92179291349265',
  );
});

for (const [name, differs, code] of [
  ['without a source', { source: undefined }, 'malformed'],
  ['without an end', { validTo: undefined }, 'malformed'],
  ['whose window ends before it begins', { validTo: said.validFrom }, 'malformed'],
  ['for longer than half a year', { validTo: '2027-11-01T00:00:00Z' }, 'malformed'],
  ['for a signer without a subject', { signer: { issuer: signer.issuer } }, 'malformed'],
  ['for a claim that nobody knows', { signer: { ...signer, trigger: 'push' } }, 'malformed'],
  ['for a key and an identity', { signer: { ...signer, key: 'ab'.repeat(32) } }, 'malformed'],
  ['for a key by another hash', { signer: { key: 'ab' } }, 'malformed'],
] as const) {
  test(`a vouch ${name} is refused`, () => {
    assert.throws(() => parseVouch(statement(differs)), refuses(code));
  });
}

test('a vouch about another subject, or under another predicate, is refused', () => {
  const sha256 = digestSigner(signer);
  for (const subjects of [
    [{ name: 'oci:ghcr.io/org/other', digest: { sha256 } }],
    [{ name: said.source, digest: { sha256: 'ab'.repeat(32) } }],
    [
      { name: said.source, digest: { sha256 } },
      { name: 'more', digest: { sha256 } },
    ],
  ]) {
    assert.throws(() => parseVouch(statement({}, subjects)), refuses('subject_mismatch'));
  }
  assert.throws(() => parseVouch({ ...statement(), predicateType: 'https://other.example' }), refuses('malformed'));
});
