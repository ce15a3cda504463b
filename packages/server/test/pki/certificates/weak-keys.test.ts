/** Requests with keys that others can compute: real ones, that work and sign, and are refused all the same. */
import assert from 'node:assert/strict';
import { checkPrimeSync, createHash, createPrivateKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { importCertificate } from '../../../src/pki/authorities/import-certificate.ts';
import { createNodeSigner } from '../../../src/pki/authorities/node-signer.ts';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { renewCertificate } from '../../../src/pki/certificates/renew.ts';
import { checkConsistency } from '../../../src/pki/consistency/consistency.ts';
import { WeakKeys } from '../../../src/pki/profiles/weak-keys.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { certify } from '../profiles/certify.ts';
import { askFor, openDesk } from './desk.ts';

const exponent = 65_537n;

/** The key of two primes, PKCS#8. */
function createKey(p: bigint, q: bigint): Uint8Array {
  const n = p * q;
  const d = invert(exponent, (p - 1n) * (q - 1n));
  const numbers = { n, e: exponent, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: invert(q, p) };
  const entries = Object.entries(numbers).map(([name, number]) => [name, encode(number)]);
  const key = createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(entries) }, format: 'jwk' });
  return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
}

function encode(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}

/** The inverse of `number` modulo `modulus`, by Euclid. */
function invert(number: bigint, modulus: bigint): bigint {
  let [rest, next, factor, step] = [modulus, number % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, step] = [step, factor - quotient * step];
  }
  return ((factor % modulus) + modulus) % modulus;
}

/** The first prime from `start` on that `1 mod 65537` does not rule out. */
function findPrime(start: bigint, step: bigint): bigint {
  for (let candidate = start; ; candidate += step) {
    if ((candidate - 1n) % exponent !== 0n && checkPrimeSync(candidate, { checks: 20 })) return candidate;
  }
}

function createPrime(): bigint {
  // Both halves at their upper end, so that products have all their bits.
  return generatePrimeSync(1024, { bigint: true }) | (3n << 1022n) | 1n;
}

/** k · M + (65537^a mod M), as the library of CVE-2017-15361 made them; M is the product of the 39 smallest primes. */
function createRocaPrime(): bigint {
  let [product, count] = [1n, 0];
  for (let candidate = 2n; count < 39; candidate++) {
    if (!checkPrimeSync(candidate)) continue;
    product *= candidate;
    count++;
  }
  let residue = 1n;
  for (let power = Number(createPrime() % 1000n); power >= 0; power--) residue = (residue * exponent) % product;
  const start = createPrime();
  return findPrime(start - (start % product) + residue, product);
}

function createClosePrimes(): [bigint, bigint] {
  const first = findPrime(createPrime(), 2n);
  return [first, findPrime(first + 2n, 2n)];
}

/** Made once: each takes a second. */
const weak: Readonly<Record<string, Uint8Array>> = {
  'key-rsa-close-primes': createKey(...createClosePrimes()),
  'key-rsa-roca': createKey(createRocaPrime(), createRocaPrime()),
};

/** A key, and a list that names it. */
function createListed(): { readonly pkcs8: Uint8Array; readonly weakKeys: WeakKeys } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '' } = publicKey.export({ format: 'jwk' });
  const modulus = Buffer.from(n, 'base64url').toString('hex').toUpperCase();
  const entry = createHash('sha1').update(`Modulus=${modulus}\n`).digest().subarray(10);
  const pkcs8 = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
  return { pkcs8, weakKeys: new WeakKeys(new Uint8Array(entry)) };
}

forEachEngine((_name, open) => {
  test('a request with a weak key is refused, and nothing is stored', async () => {
    const { issue, parts } = await openDesk(await open());
    const count = async () => (await parts.database.query.selectFrom('certificate').select('id').execute()).length;
    const before = await count();
    for (const [rule, pkcs8] of Object.entries(weak)) {
      const request = await askFor({ signer: createNodeSigner(pkcs8) });
      await assert.rejects(issue({ key: { kind: 'request', request } }), { code: 'invalid', rule });
    }
    assert.equal(await count(), before);
  });

  test('a key that a list names is refused in requests and imports, and found where it was certified before', async () => {
    const { parts, caller, issue } = await openDesk(await open());
    const { pkcs8, weakKeys } = createListed();
    const listing = { ...parts, weakKeys };
    const refused = { rule: 'key-known-weak' };
    const request = await askFor({ signer: createNodeSigner(pkcs8) });
    const { row } = await issue({ key: { kind: 'request', request } });
    const wish = {
      authority: 'issuing',
      profile: 'server',
      key: { kind: 'request', request },
      source: 'request',
    } as const;
    await assert.rejects(issueCertificate(listing, caller, wish), { code: 'invalid', ...refused });
    const renewal = { id: row.id, key: { kind: 'same' } } as const;
    await assert.rejects(renewCertificate(listing, caller, renewal), { code: 'invalid', ...refused });
    const root = await certify({ profile: 'root', signer: createNodeSigner(pkcs8) });
    const given = { name: 'listed', pem: encodePem('CERTIFICATE', root.certificate.bytes) };
    await assert.rejects(importCertificate({ ...listing, now: Date.now }, caller, given), {
      code: 'trust_refused',
      ...refused,
    });
    const { findings } = await checkConsistency({ ...listing, forgetLists: () => undefined }, caller, { repair: true });
    assert.deepEqual(
      findings.map(({ certificateId, problem, outcome }) => [certificateId, problem, outcome]),
      [[row.id, 'key-known-weak', 'open']],
    );
  });
});
