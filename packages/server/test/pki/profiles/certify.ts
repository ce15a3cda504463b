/** Certificates of the profiles, signed by real keys, for tests that need no database. */
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { type ContentsWish, composeCertificate } from '../../../src/pki/profiles/contents.ts';
import { findProfile, openBuiltInProfiles, type Profile } from '../../../src/pki/profiles/profile.ts';
import { decideValidity } from '../../../src/pki/profiles/validity.ts';

/** A key, and a certificate for it. */
export interface Party {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
}

/** What a test may ask of a certificate; the rest is good. */
export interface CertifyWish extends Partial<Omit<ContentsWish, 'issuer'>> {
  readonly profile: string | Profile;
  readonly issuer?: Party;
  readonly signer?: CertificateSigner;
  readonly lifetimeMs?: number;
  readonly now?: number;
}

/** The profiles that all organisations have. */
export const profiles: ReturnType<typeof openBuiltInProfiles> = openBuiltInProfiles();

/** A whole second: today, since GnuTLS knows no other day. */
export const today: number = Math.floor(Date.now() / 1000) * 1000;

const base = 'http://pki.example/pki/issuing';
const locations = { crl: [`${base}/crl`], ocsp: [`${base}/ocsp`], issuer: [`${base}/ca.crt`] };

/** A signer over a new key; P-256 unless said otherwise. */
export async function createSigner(type: KeyType = { kind: 'ecdsa', curve: 'P-256' }): Promise<CertificateSigner> {
  return createCertificateSigner(await createPrivateKey(type));
}

/** The certificate, composed, signed and parsed. */
export async function certify(wish: CertifyWish): Promise<Party> {
  const profile = typeof wish.profile === 'string' ? findProfile(profiles, wish.profile) : wish.profile;
  const signer = wish.signer ?? (await createSigner());
  const issuer = wish.issuer?.certificate;
  const { now = today, lifetimeMs } = wish;
  const contents = composeCertificate(profile, {
    subject: [['CN', 'Test']],
    names: [],
    publicKey: signer.subjectKey,
    validity: decideValidity(profile, { now, lifetimeMs, issuerNotAfter: issuer?.notAfter }),
    serial: createSerialNumber(),
    locations,
    ...wish,
    issuer,
  });
  return { certificate: parseCertificate(await signCertificate(contents, wish.issuer?.signer ?? signer)), signer };
}
