/** What the CA/Browser Forum's Baseline Requirements ask beyond RFC 5280, of certificates that servers on the web show. */
import { encodeHex } from '../bytes/hex.ts';
import { parseSubjectKey } from '../keys/subject-key.ts';
import { formatAddress } from './address.ts';
import { type Certificate, isAuthority, isSelfIssued } from './certificate.ts';
import { isEmptyName, listAttributes } from './name.ts';
import { purposes } from './oids.ts';
import type { CertificateRule } from './profile.ts';

/** Rules for every certificate of a path. */
export const webRules: readonly CertificateRule[] = [
  rule('6.1.5', 'RSA of whole octets', hasWholeOctets),
  rule('7.1.2.1.3', 'an authority key identifier by key alone', namesKeyAlone),
];

/** Rules for the anchor. */
export const webAnchorRules: readonly CertificateRule[] = [
  rule('7.1.2.1.2', 'a root without extended key usage', ({ extensions }) => !extensions.extendedKeyUsage),
  rule('7.1.2.1.3', 'a root whose authority key is its own', pointsAtItself),
];

/** Rules for the server's own certificate. */
export const webServerRules: readonly CertificateRule[] = [
  rule('7.1.2.7.8', 'no authority as server', (one) => !isAuthority(one)),
  rule('7.1.2.7.10', 'extended key usage, not critical and not for any purpose', hasExplicitPurpose),
  rule('7.1.2.7.12', 'alternative names, critical only where the subject is empty', hasAlternativeNames),
  rule('7.1.4.3', 'a common name that is one of the alternative names, to the letter', repeatsName),
];

function rule(clause: string, expected: string, holds: CertificateRule['holds']): CertificateRule {
  return { clause: `Baseline Requirements, ${clause}`, expected, holds };
}

function hasWholeOctets({ spki }: Certificate): boolean {
  const key = parseSubjectKey(spki);
  return key.kind !== 'rsa' || key.modulusBits % 8 === 0;
}

function namesKeyAlone({ extensions }: Certificate): boolean {
  const { authorityKeyIdentifier: found } = extensions;
  return !found || (found.value.keyIdentifier !== undefined && !found.value.issuer && !found.value.serialNumber);
}

function pointsAtItself(certificate: Certificate): boolean {
  const { authorityKeyIdentifier, subjectKeyIdentifier } = certificate.extensions;
  const pointed = authorityKeyIdentifier?.value.keyIdentifier;
  if (!isSelfIssued(certificate) || !pointed || !subjectKeyIdentifier) return true;
  return encodeHex(pointed) === encodeHex(subjectKeyIdentifier.value);
}

function hasExplicitPurpose({ extensions }: Certificate): boolean {
  const { extendedKeyUsage } = extensions;
  return extendedKeyUsage?.critical === false && !extendedKeyUsage.value.includes(purposes.any);
}

function hasAlternativeNames({ subject, extensions }: Certificate): boolean {
  const { subjectAlternativeName } = extensions;
  return subjectAlternativeName !== undefined && subjectAlternativeName.critical === isEmptyName(subject);
}

function repeatsName({ subject, extensions }: Certificate): boolean {
  const names = (extensions.subjectAlternativeName?.value ?? []).flatMap((name) => {
    if (name.kind === 'dns') return [name.text];
    return name.kind === 'ip' ? [formatAddress(name.address)] : [];
  });
  return listAttributes(subject, 'CN').every((commonName) => names.includes(commonName));
}
