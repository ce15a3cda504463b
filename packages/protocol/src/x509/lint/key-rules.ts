/** Rules for the public key: readable, strong enough, and not one of those that are known to be weak. */
import { isOnCurve } from '../../keys/ec-point.ts';
import { isReduced, isSmallOrder } from '../../keys/ed25519.ts';
import type { SubjectKey } from '../../keys/subject-key.ts';
import { hasCloseFactors, hasRocaFingerprint, hasSmallFactor } from '../../keys/weak-rsa.ts';
import { error, type LintRule, type LintSubject, warning } from './rule.ts';

/** Rules for the key of every certificate. */
export const keyRules: readonly LintRule[] = [
  error(
    ['key-readable', 'RFC 5480; RFC 3279, 2.3.1; RFC 8410'],
    'an ECDSA key on P-256, P-384 or P-521, an RSA key with an odd exponent from 3 on, or an Ed25519 key',
    ({ key }) => key !== undefined,
  ),
  error(['key-rsa-size', 'Baseline Requirements, 6.1.5'], 'RSA of at least 2048 bits in whole octets', (subject) =>
    checkRsa(subject, ({ modulusBits }) => modulusBits >= 2048 && modulusBits % 8 === 0),
  ),
  error(
    ['key-rsa-exponent', 'Baseline Requirements, 6.1.6; FIPS 186-5, A.1.1'],
    'an RSA exponent above 2^16',
    (subject) => checkRsa(subject, ({ exponent }) => exponent.length > 2),
  ),
  warning(['key-rsa-exponent-usual', 'Baseline Requirements, 6.1.6'], '65537 as RSA exponent', (subject) =>
    checkRsa(
      subject,
      ({ exponent }) => exponent.length !== 3 || exponent.every((octet, at) => octet === (at === 1 ? 0 : 1)),
    ),
  ),
  error(['key-rsa-factors', 'Baseline Requirements, 6.1.6'], 'an RSA modulus without factors below 752', (subject) =>
    checkRsa(subject, ({ modulus }) => !hasSmallFactor(modulus)),
  ),
  error(
    ['key-rsa-close-primes', 'Baseline Requirements, 6.1.1.3 (CVE-2022-26320)'],
    'RSA primes that are not close to each other',
    (subject) => checkRsa(subject, ({ modulus }) => !hasCloseFactors(modulus)),
  ),
  error(
    ['key-rsa-roca', 'Baseline Requirements, 6.1.1.3 (CVE-2017-15361)'],
    'an RSA key that was not made by the library of ROCA',
    (subject) => checkRsa(subject, ({ modulus }) => !hasRocaFingerprint(modulus)),
  ),
  error(
    ['key-known-weak', 'Baseline Requirements, 6.1.1.3 (CVE-2008-0166)'],
    'a key that is on no list of known private keys',
    ({ key, isKnownWeak }) => !key || !isKnownWeak(key),
  ),
  error(
    ['key-on-curve', 'SEC 1, 3.2.2.1; Baseline Requirements, 6.1.6'],
    'a point on its curve',
    ({ key }) => key?.kind !== 'ecdsa' || isOnCurve(key.curve, key.keyBits),
  ),
  error(
    ['key-ed25519-order', 'RFC 8032, 5.1.3 and 8.9'],
    'an Ed25519 key in its one encoding, and not of small order',
    ({ key }) => key?.kind !== 'ed25519' || (isReduced(key.keyBits) && !isSmallOrder(key.keyBits)),
  ),
];

function checkRsa({ key }: LintSubject, check: (key: SubjectKey & { readonly kind: 'rsa' }) => boolean): boolean {
  return key?.kind !== 'rsa' || check(key);
}
