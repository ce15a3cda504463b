/** CertificateAuthority (sigstore/protobuf-specs, sigstore_trustroot.proto): a chain that signs certificates or timestamps, and when it counts. */
import { parseBase64 } from '../bytes/base64.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { isPresent, parseArray, parseObject, parseString } from '../json/fields.ts';
import { importPublicKey, type VerificationKey } from '../keys/verification-key.ts';
import { type Certificate, isAuthority, parseCertificate } from '../x509/certificate.ts';
import { KnownSignatures } from '../x509/known-signatures.ts';
import { isSameName } from '../x509/name.ts';
import { verifySigned } from '../x509/verify-certificate.ts';
import { parseWindow, type ValidityWindow } from './validity-window.ts';

/** A chain whose signatures are verified. Whether each certificate is valid at a time is another question. */
export interface AuthorityInstance {
  readonly uri: string;
  /** From the one that signs, or from the timestamp authority's own, to the anchor; each is signed by the next. */
  readonly certificates: readonly [Certificate, ...Certificate[]];
  /** Of the first. */
  readonly key: VerificationKey;
  readonly window: ValidityWindow;
  /** Of intermediates below the anchor that bundles and tokens have brought. */
  readonly knownSignatures: KnownSignatures;
}

const maxChainCertificates = 10;
const maxCertificateCharacters = 64 * 1024;

/** An authority that issues certificates. Throws `malformed`, `certificate_invalid`, and what signatures throw. */
export async function parseCertificateAuthority(object: SignableObject): Promise<AuthorityInstance> {
  const instance = await parseInstance(object);
  const other = instance.certificates.find((one) => !isAuthority(one));
  if (other) throw new TrustError('certificate_invalid', 'expected a chain of authorities');
  return instance;
}

/**
 * An authority of timestamps: its own certificate first, unless its tokens hold that. What that is good for is looked at with
 * each token. Throws as the other one does.
 */
export async function parseTimestampAuthority(object: SignableObject): Promise<AuthorityInstance> {
  const instance = await parseInstance(object);
  const [, ...above] = instance.certificates;
  if (!above.every(isAuthority)) throw new TrustError('certificate_invalid', 'expected a chain of authorities');
  return instance;
}

async function parseInstance(object: SignableObject): Promise<AuthorityInstance> {
  const window = parseWindow(object);
  const uri = isPresent(object, 'uri') ? parseString(object, 'uri', 2048) : '';
  const certificates = parseChain(object);
  for (const [index, issuer] of certificates.slice(1).entries()) await assertIssued(certificates[index], issuer);
  const key = await importPublicKey(certificates[0].spki);
  return { uri, certificates, key, window, knownSignatures: new KnownSignatures() };
}

function parseChain(object: SignableObject): AuthorityInstance['certificates'] {
  const values = parseArray(parseObject(object.certChain, 'certChain'), 'certificates');
  const [first, ...rest] = values.map(parseRawCertificate);
  if (!first || rest.length >= maxChainCertificates) {
    throw new TrustError('malformed', `expected 1 to ${maxChainCertificates} certificates, got ${values.length}`);
  }
  return [first, ...rest];
}

async function assertIssued(subject: Certificate | undefined, issuer: Certificate): Promise<void> {
  if (!subject || !isSameName(subject.issuer, issuer.subject)) {
    throw new TrustError('certificate_invalid', 'expected a chain in which each certificate is issued by the next');
  }
  await verifySigned(subject, await importPublicKey(issuer.spki));
}

/** X509Certificate: a certificate as the member `rawBytes`. Throws `malformed` or `too_large`. */
export function parseRawCertificate(value: SignableValue | undefined): Certificate {
  const object = parseObject(value, 'a certificate');
  return parseCertificate(parseBase64(parseString(object, 'rawBytes', maxCertificateCharacters)));
}
