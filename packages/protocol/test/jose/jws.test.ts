/** Signatures over JSON: the standards' examples, Node's signatures, and one test for each way to refuse. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { encodeBase64Url, parseBase64Url } from '@signpost/protocol/bytes/base64url';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { convertJwk, parseJwk } from '@signpost/protocol/jose/jwk';
import { assertHeader, type Jws, parseCompactJws, parseJws, verifyJws, verifyMac } from '@signpost/protocol/jose/jws';
import { importPublicKey, importSubjectKey } from '@signpost/protocol/keys/verification-key';
import fc from 'fast-check';

const refuses = (code: string) => (error: unknown) => error instanceof TrustError && error.code === code;
const limit = 64 * 1024;
const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

function encodeJws(jws: object): Uint8Array<ArrayBuffer> {
  return encodeText(JSON.stringify(jws));
}

/** A JWS with this header and payload, signed by Node. */
function signJws(key: KeyObject, header: object, text: string): Jws {
  const head = encodeBase64Url(encodeText(JSON.stringify(header)));
  const body = encodeBase64Url(encodeText(text));
  const hash =
    key.asymmetricKeyType === 'ed25519' ? null : JSON.stringify(header).includes('ES384') ? 'sha384' : 'sha256';
  const signature = sign(hash, Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return parseJws(encodeJws({ protected: head, payload: body, signature: encodeBase64Url(signature) }), limit);
}

async function importKey(key: KeyObject) {
  return importPublicKey(new Uint8Array(key.export({ format: 'der', type: 'spki' })));
}

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

test('the ES256 example of RFC 7515, A.3, verifies', async () => {
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  };
  const signature = 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
  const jws = parseJws(encodeJws({ protected: 'eyJhbGciOiJFUzI1NiJ9', payload, signature }), limit);
  const verified = await verifyJws(jws, await importSubjectKey(convertJwk(parseJwk(jwk))));
  assert.match(parseText(verified.payload), /"iss":"joe"/);
});

test('the HS256 example of RFC 7515, A.1, verifies', async () => {
  const secret = parseBase64Url(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  );
  const head = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9';
  const signature = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  const jws = parseJws(encodeJws({ protected: head, payload, signature }), limit);
  assert.equal((await verifyMac(jws, secret)).algorithm, 'HS256');
  await assert.rejects(verifyMac(jws, secret.slice(1)), refuses('bad_signature'));
});

test('the EdDSA example of RFC 8037, A.4, verifies', async () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
  const jws = { protected: 'eyJhbGciOiJFZERTQSJ9', payload: 'RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc', signature };
  await verifyJws(parseJws(encodeJws(jws), limit), await importSubjectKey(convertJwk(parseJwk(jwk))));
});

test('signatures by Node verify with each algorithm, whatever the payload', async () => {
  const keys = {
    ES256: pair,
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  for (const [alg, { privateKey, publicKey }] of Object.entries(keys)) {
    const key = await importKey(publicKey);
    const holds = fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      const jws = await verifyJws(signJws(privateKey, { alg }, text), key);
      assert.equal(parseText(jws.payload), text);
    });
    await fc.assert(holds, { numRuns: 5 });
  }
});

test('a changed payload, header or signature, and another key are refused', async () => {
  const key = await importKey(pair.publicKey);
  const jws = signJws(pair.privateKey, { alg: 'ES256' }, '{}');
  const other = signJws(pair.privateKey, { alg: 'ES256' }, '{"a":1}');
  await assert.rejects(verifyJws({ ...jws, signedBytes: other.signedBytes }, key), refuses('bad_signature'));
  await assert.rejects(verifyJws({ ...jws, signature: other.signature }, key), refuses('bad_signature'));
  await assert.rejects(verifyJws({ ...jws, signature: jws.signature.slice(1) }, key), refuses('bad_signature'));
  const stranger = await importKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  await assert.rejects(verifyJws(jws, stranger), refuses('bad_signature'));
});

test('none, codes, unknown algorithms and those of other keys are refused', async () => {
  const key = await importKey(pair.publicKey);
  for (const alg of ['none', 'None', 'HS256', 'RS256', 'ES384', 'EdDSA', 'PS256', '']) {
    await assert.rejects(
      verifyJws(signJws(pair.privateKey, { alg }, '{}'), key),
      refuses('algorithm_unsupported'),
      alg,
    );
  }
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const jws = signJws(p521.privateKey, { alg: 'ES512' }, '{}');
  await assert.rejects(verifyJws(jws, await importKey(p521.publicKey)), refuses('algorithm_unsupported'));
});

test('an RSA key below 2048 bits is refused', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jws = signJws(weak.privateKey, { alg: 'RS256' }, '{}');
  await assert.rejects(verifyJws(jws, await importKey(weak.publicKey)), refuses('algorithm_unsupported'));
});

test('a code made with a public key as the secret is refused', async () => {
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const head = encodeBase64Url(encodeText('{"alg":"HS256"}'));
  const signature = createHmac('sha256', spki).update(`${head}.${payload}`).digest('base64url');
  const jws = parseJws(encodeJws({ protected: head, payload, signature }), limit);
  await assert.rejects(verifyJws(jws, await importKey(pair.publicKey)), refuses('algorithm_unsupported'));
});

test('further members, missing ones, padding, doubled keys and other JSON are refused', () => {
  const sound = { protected: 'eyJhbGciOiJFUzI1NiJ9', payload: 'e30', signature: 'AAAA' };
  assert.equal(parseJws(encodeJws(sound), limit).algorithm, 'ES256');
  for (const text of [
    JSON.stringify({ ...sound, header: { kid: '1' } }),
    JSON.stringify({ ...sound, signatures: [] }),
    JSON.stringify({ ...sound, signature: undefined }),
    JSON.stringify({ ...sound, payload: 'e30=' }),
    JSON.stringify({ ...sound, payload: 'e3 0' }),
    JSON.stringify({ ...sound, payload: 'e31' }),
    JSON.stringify({ ...sound, payload: { a: 1 } }),
    JSON.stringify({ ...sound, protected: encodeBase64Url(encodeText('{"alg":"ES256","alg":"none"}')) }),
    JSON.stringify({ ...sound, protected: encodeBase64Url(encodeText('["ES256"]')) }),
    JSON.stringify({ ...sound, protected: encodeBase64Url(encodeText('{"alg":1}')) }),
    JSON.stringify({ ...sound, protected: '' }),
    JSON.stringify([sound]),
    '"eyJhbGciOiJFUzI1NiJ9.e30.AAAA"',
    '{"protected":',
    '',
  ]) {
    assert.throws(() => parseJws(encodeText(text), limit), refuses('malformed'), text);
  }
  assert.throws(() => parseJws(encodeJws({ ...sound, payload: 'A'.repeat(limit) }), limit), refuses('too_large'));
});

test('a header has exactly the members that are asked for', () => {
  const jws = signJws(pair.privateKey, { alg: 'ES256', url: 'https://ca.example/', nonce: 'x' }, '{}');
  assertHeader(jws, ['alg', 'nonce', 'url']);
  assert.throws(() => assertHeader(jws, ['alg', 'url']), refuses('malformed'));
  assert.throws(() => assertHeader(jws, ['alg', 'nonce', 'url', 'kid']), refuses('malformed'));
});

test('bytes are one text in base64url, and no other text is theirs', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = encodeBase64Url(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64url'));
      assert.deepEqual(parseBase64Url(text), bytes);
      assert.throws(() => parseBase64Url(`${text}=`), refuses('malformed'));
    }),
  );
});

test('the compact form is the same JWS, and nothing else is one', async () => {
  const head = encodeBase64Url(encodeText('{"alg":"ES256"}'));
  const body = encodeBase64Url(encodeText('{}'));
  const made = sign('sha256', Buffer.from(`${head}.${body}`), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  const text = `${head}.${body}.${encodeBase64Url(new Uint8Array(made))}`;
  const verified = await verifyJws(parseCompactJws(text, limit), await importKey(pair.publicKey));
  assert.equal(parseText(verified.payload), '{}');
  assert.throws(() => parseCompactJws(text, text.length - 1), refuses('too_large'));
  const wrong = [
    '',
    '..',
    'a',
    `${head}.${body}`,
    `${head}.${body}.`,
    `.${body}.AAAA`,
    `${text}.`,
    `${text}.AAAA`,
    `${text}=`,
    ` ${text}`,
  ];
  for (const one of wrong) assert.throws(() => parseCompactJws(one, limit), refuses('malformed'), one);
});

test('whatever the text is, the compact form is parsed or refused by a typed error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.base64String(), { maxLength: 5 }).map((all) => all.join('.')),
      ),
      (text) => {
        try {
          parseCompactJws(text, limit);
        } catch (error) {
          assert.ok(error instanceof TrustError);
        }
      },
    ),
  );
});
