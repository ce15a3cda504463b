import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tags } from '@signpost/protocol/asn1/tag';
import { encodeDer, octetString, string } from '@signpost/protocol/asn1/writer';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { maxClaimLength, parseSignerClaims, type SignerClaims } from '@signpost/protocol/sigstore/claims';
import type { RawExtension } from '@signpost/protocol/x509/extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import fc from 'fast-check';
import { claim, describeClaims, rawClaim, releaseClaims, releaseSubject } from './mint/claims.ts';

function parse(extensions: readonly RawExtension[], names: readonly GeneralName[] = [releaseSubject]): SignerClaims {
  return parseSignerClaims({
    allExtensions: extensions,
    extensions: { subjectAlternativeName: { critical: true, value: names } },
  });
}

function userName(value: Uint8Array<ArrayBuffer>, type = '1.3.6.1.4.1.57264.1.7'): GeneralName {
  return { kind: 'other', type, value };
}

const issuerOnly = describeClaims({ issuer: releaseClaims.issuer });
const utf8 = (text: string) => encodeDer(string(tags.utf8String, text));

test('all claims of a certificate are read', () => {
  const subject = { kind: 'uri', value: releaseClaims.buildSignerUri };
  assert.deepEqual(parse(describeClaims(releaseClaims)), { ...releaseClaims, subject });
});

test('a claim that is not made is not there', () => {
  assert.deepEqual(Object.keys(parse(issuerOnly)), ['issuer', 'subject']);
});

test('a mailbox and a user name are subjects, too', () => {
  assert.deepEqual(parse(issuerOnly, [{ kind: 'email', text: 'ada@acme.example' }]).subject, {
    kind: 'email',
    value: 'ada@acme.example',
  });
  assert.deepEqual(parse(issuerOnly, [userName(utf8('ada!acme.example'))]).subject, {
    kind: 'other-name',
    value: 'ada!acme.example',
  });
});

test('the older extensions count where the newer ones are missing', () => {
  const claims = parse([
    rawClaim(1, 'https://old.example'),
    rawClaim(2, 'push'),
    rawClaim(3, 'abc'),
    rawClaim(6, 'refs/heads/main'),
  ]);
  assert.equal(claims.issuer, 'https://old.example');
  assert.equal(claims.buildTrigger, 'push');
  assert.equal(claims.sourceRepositoryDigest, 'abc');
  assert.equal(claims.sourceRepositoryRef, 'refs/heads/main');
});

test('an empty claim counts as none', () => {
  assert.equal(parse([...issuerOnly, claim(17, '')]).sourceRepositoryOwnerIdentifier, undefined);
});

const refusals: readonly (readonly [string, TrustErrorCode, () => unknown])[] = [
  ['without an issuer', 'certificate_invalid', () => parse([])],
  ['with an empty issuer', 'certificate_invalid', () => parse([claim(8, ''), rawClaim(1, '')])],
  [
    'with two issuers',
    'certificate_invalid',
    () => parse([rawClaim(1, 'https://a.example'), claim(8, 'https://b.example')]),
  ],
  [
    'with two triggers',
    'certificate_invalid',
    () => parse([...issuerOnly, rawClaim(2, 'push'), claim(20, 'schedule')]),
  ],
  ['with two commits', 'certificate_invalid', () => parse([...issuerOnly, rawClaim(3, 'a'), claim(13, 'b')])],
  ['with two refs', 'certificate_invalid', () => parse([...issuerOnly, rawClaim(6, 'a'), claim(14, 'b')])],
  ['without a name', 'certificate_invalid', () => parse(issuerOnly, [])],
  ['with two names', 'certificate_invalid', () => parse(issuerOnly, [releaseSubject, releaseSubject])],
  [
    'with a host name as its name',
    'certificate_invalid',
    () => parse(issuerOnly, [{ kind: 'dns', text: 'acme.example' }]),
  ],
  [
    'with an address as its name',
    'certificate_invalid',
    () => parse(issuerOnly, [{ kind: 'ip', address: Uint8Array.of(1, 2, 3, 4) }]),
  ],
  ['with a name that is no URI', 'certificate_invalid', () => parse(issuerOnly, [{ kind: 'uri', text: 'acme' }])],
  ['with a name that is no mailbox', 'certificate_invalid', () => parse(issuerOnly, [{ kind: 'email', text: 'ada' }])],
  [
    'with another type of other name',
    'certificate_invalid',
    () => parse(issuerOnly, [userName(utf8('ada'), '1.3.6.1.4.1.311.20.2.3')]),
  ],
  ['with an empty user name', 'certificate_invalid', () => parse(issuerOnly, [userName(utf8(''))])],
  [
    'with a user name that is no UTF8String',
    'malformed',
    () => parse(issuerOnly, [userName(encodeDer(string(tags.ia5String, 'ada')))]),
  ],
  ['with a line feed in its user name', 'malformed', () => parse(issuerOnly, [userName(utf8('ada\nbob'))])],
  [
    'with a newer claim as raw text',
    'malformed',
    () => parse([{ ...claim(8, ''), value: encodeText('https://a.example') }]),
  ],
  [
    'with a newer claim of another type',
    'malformed',
    () => parse([...issuerOnly, { ...claim(9, ''), value: encodeDer(octetString(encodeText('x'))) }]),
  ],
  [
    'with octets behind a claim',
    'malformed',
    () => parse([...issuerOnly, { ...claim(9, ''), value: Uint8Array.of(...utf8('x'), 0) }]),
  ],
  [
    'with an older claim that is no UTF-8',
    'malformed',
    () => parse([{ ...rawClaim(1, ''), value: Uint8Array.of(0xff) }]),
  ],
  ['with NUL in a claim', 'malformed', () => parse([...issuerOnly, claim(12, 'https://github.com/acme\0/app')])],
  [
    'with a claim beyond the limit',
    'too_large',
    () => parse([...issuerOnly, claim(12, 'x'.repeat(maxClaimLength + 1))]),
  ],
];

for (const [description, code, act] of refusals) {
  test(`a certificate ${description} is refused`, () => {
    assert.throws(act, { name: 'TrustError', code });
  });
}

test('claims are read back as they were written', () => {
  const names = Object.keys(releaseClaims) as (keyof typeof releaseClaims)[];
  const texts = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text));
  const claims = fc.record(Object.fromEntries(names.map((name) => [name, texts])), { requiredKeys: ['issuer'] });
  fc.assert(
    fc.property(claims, (written) => {
      const { subject, ...read } = parse(describeClaims(written));
      assert.deepEqual(read, { ...written });
    }),
  );
});

test('whatever stands in the extensions is read or refused', () => {
  const extension = fc.record({
    oid: fc.integer({ min: 1, max: 24 }).map((arc) => `1.3.6.1.4.1.57264.1.${arc}`),
    critical: fc.boolean(),
    value: fc.uint8Array({ maxLength: 12 }).map((bytes) => new Uint8Array(bytes)),
  });
  fc.assert(
    fc.property(fc.array(extension), (extensions) => {
      try {
        parse([...issuerOnly, ...extensions]);
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
