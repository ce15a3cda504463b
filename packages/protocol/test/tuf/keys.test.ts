/** Key types and spellings (TUF 1.0.34, 4.2.1), signed by the platform's other implementation. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { suite, test } from 'node:test';
import { findSigner, parseKey, type TufKey } from '@signpost/protocol/tuf/key';

interface Case {
  readonly key: TufKey;
  readonly signature: string;
}

const message = new TextEncoder().encode('what is signed');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ec384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const pss = { padding: 6, saltLength: 32 };

const ecSignature = sign('sha256', message, ec.privateKey).toString('hex');
const ec384Signature = sign('sha384', message, ec384.privateKey).toString('hex');
const rsaSignature = sign('sha256', message, { key: rsa.privateKey, ...pss }).toString('hex');
const ed25519Signature = sign(null, message, ed25519.privateKey).toString('hex');

const accepted: Readonly<Record<string, Case>> = {
  'ed25519 in hexadecimal': {
    key: name('ed25519', 'ed25519', rawHex(ed25519.publicKey, 32)),
    signature: ed25519Signature,
  },
  'ecdsa in PEM': { key: name('ecdsa', 'ecdsa-sha2-nistp256', pem(ec.publicKey)), signature: ecSignature },
  'ecdsa-sha2-nistp256 in PEM': {
    key: name('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', pem(ec.publicKey)),
    signature: ecSignature,
  },
  'ecdsa-sha2-nistp256 as a point': {
    key: name('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', rawHex(ec.publicKey, 65)),
    signature: ecSignature,
  },
  'ecdsa on P-384': { key: name('ecdsa', 'ecdsa-sha2-nistp384', pem(ec384.publicKey)), signature: ec384Signature },
  'rsa with PSS': { key: name('rsa', 'rsassa-pss-sha256', pem(rsa.publicKey)), signature: rsaSignature },
};

const ignored: Readonly<Record<string, Case>> = {
  'a scheme that we do not know': { key: name('sigstore', 'Fulcio', 'x'), signature: '00' },
  'a key on another curve than its scheme': {
    key: name('ecdsa', 'ecdsa-sha2-nistp384', pem(ec.publicKey)),
    signature: ecSignature,
  },
  'a key of another kind than its scheme': {
    key: name('rsa', 'rsassa-pss-sha256', pem(ec.publicKey)),
    signature: ecSignature,
  },
  'RSA with PKCS #1': {
    key: name('rsa', 'rsassa-pss-sha256', pem(rsa.publicKey)),
    signature: sign('sha256', message, rsa.privateKey).toString('hex'),
  },
  'RSA with another length of salt': {
    key: name('rsa', 'rsassa-pss-sha256', pem(rsa.publicKey)),
    signature: sign('sha256', message, { key: rsa.privateKey, ...pss, saltLength: 20 }).toString('hex'),
  },
  'a key that cannot be read': { key: name('ed25519', 'ed25519', 'zz'), signature: ed25519Signature },
  'a signature that is not hexadecimal': {
    key: name('ed25519', 'ed25519', rawHex(ed25519.publicKey, 32)),
    signature: 'zz',
  },
  'no signature': { key: name('ed25519', 'ed25519', rawHex(ed25519.publicKey, 32)), signature: '' },
  'a signature above 4,096 characters': {
    key: name('ed25519', 'ed25519', rawHex(ed25519.publicKey, 32)),
    signature: '00'.repeat(2049),
  },
  'an ECDSA signature with text behind it': {
    key: name('ecdsa', 'ecdsa-sha2-nistp256', pem(ec.publicKey)),
    signature: `${ecSignature}00`,
  },
};

suite('signs', () => {
  for (const [what, { key, signature }] of Object.entries(accepted)) {
    test(what, async () => {
      assert.ok(await findSigner(key, signature, message));
      assert.equal(await findSigner(key, signature, new TextEncoder().encode('something else')), undefined);
    });
  }
});

suite('signs nothing, and is no error', () => {
  for (const [what, { key, signature }] of Object.entries(ignored)) {
    test(what, async () => assert.equal(await findSigner(key, signature, message), undefined));
  }
});

test('one key in two spellings is one signer', async () => {
  const [, pemKey, , pointKey] = Object.values(accepted);
  assert.ok(pemKey && pointKey);
  assert.equal(
    await findSigner(pemKey.key, pemKey.signature, message),
    await findSigner(pointKey.key, pointKey.signature, message),
  );
});

test('a key without its members is refused', () => {
  for (const bad of [
    null,
    [],
    {},
    { keytype: 'ed25519', scheme: 'ed25519' },
    { keytype: 1, scheme: 'x', keyval: {} },
  ]) {
    assert.throws(() => parseKey(bad as never, 'a key'), { code: 'malformed' });
  }
});

function name(keyType: string, scheme: string, publicText: string): TufKey {
  return { keyType, scheme, publicText };
}

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The key's own octets, which end its SPKI. */
function rawHex(key: KeyObject, bytes: number): string {
  return key.export({ type: 'spki', format: 'der' }).subarray(-bytes).toString('hex');
}
