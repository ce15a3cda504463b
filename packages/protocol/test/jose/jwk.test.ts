/** Keys as JSON: the standards' thumbprints, Node's keys and back, and what is refused. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { convertJwk, deriveThumbprint, encodeJwk, parseJwk } from '@signpost/protocol/jose/jwk';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';

const rsaExample = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};
const ed25519Example = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const ecExample = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

const refuses = (code: string) => (error: unknown) => error instanceof TrustError && error.code === code;

test('thumbprints are those of RFC 7638, 3.1, and RFC 8037, A.3', async () => {
  assert.equal(await deriveThumbprint(parseJwk(rsaExample)), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  assert.equal(await deriveThumbprint(parseJwk(ed25519Example)), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

test('the order of the members changes no thumbprint', async () => {
  const turned = Object.fromEntries(Object.entries(rsaExample).reverse());
  assert.equal(await deriveThumbprint(parseJwk(turned)), await deriveThumbprint(parseJwk(rsaExample)));
});

test('keys of every kind become the same SubjectPublicKeyInfo as in Node, and JWKs again', () => {
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ];
  for (const { publicKey } of pairs) {
    const jwk = publicKey.export({ format: 'jwk' });
    const spki = new Uint8Array(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }));
    assert.deepEqual(convertJwk(parseJwk(jwk as SignableObject)).spki, spki);
    assert.deepEqual({ ...encodeJwk(parseSubjectKey(spki)) }, { ...jwk });
  }
});

test('a private or secret key is refused', () => {
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
    assert.throws(() => parseJwk({ ...ecExample, [member]: 'AQAB' }), refuses('malformed'), member);
  }
  assert.throws(() => parseJwk({ ...rsaExample, oth: [] }), refuses('malformed'));
});

test('other types and curves are refused as unsupported', () => {
  for (const jwk of [
    { ...ecExample, kty: 'oct' },
    { ...ecExample, crv: 'secp256k1' },
    { ...ecExample, crv: 'toString' },
    { ...ed25519Example, crv: 'X25519' },
    { ...ed25519Example, crv: 'Ed448' },
  ]) {
    assert.throws(() => parseJwk(jwk), refuses('algorithm_unsupported'), JSON.stringify(jwk));
  }
});

test('numbers of another length, with leading zeros, padded or missing are refused', () => {
  for (const jwk of [
    { ...ecExample, x: ecExample.x.slice(2) },
    { ...ecExample, y: `${ecExample.y}=` },
    { ...ecExample, y: undefined },
    { ...ed25519Example, x: `${ed25519Example.x.slice(0, -1)}p` },
    { ...rsaExample, e: 'AAEAAQ' },
    { ...rsaExample, n: '' },
    { ...rsaExample, e: 65537 },
  ]) {
    assert.throws(() => parseJwk(jwk), refuses('malformed'), JSON.stringify(jwk));
  }
});
