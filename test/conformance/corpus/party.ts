/** Who stands in the corpus: keys of every type, and certificates that the server's profiles compose for them. */
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import type { SignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { createNodeSigner } from '../../../packages/server/src/pki/authorities/node-signer.ts';
import { type ContentsWish, composeCertificate } from '../../../packages/server/src/pki/profiles/contents.ts';
import { findProfile, openBuiltInProfiles, type Profile } from '../../../packages/server/src/pki/profiles/profile.ts';

/** A whole second: today, since not every judge knows another day. */
export const now: number = Math.floor(Date.now() / 1000) * 1000;
export const dayMs = 86_400_000;

const base = 'http://pki.example/pki/issuing';

/** Every type of key that is issued for. */
export const keyTypes: Readonly<Record<string, KeyType>> = {
  'ecdsa-p256': { kind: 'ecdsa', curve: 'P-256' },
  'ecdsa-p384': { kind: 'ecdsa', curve: 'P-384' },
  'ecdsa-p521': { kind: 'ecdsa', curve: 'P-521' },
  'rsa-2048': { kind: 'rsa', modulusBits: 2048 },
  'rsa-3072': { kind: 'rsa', modulusBits: 3072 },
  'rsa-4096': { kind: 'rsa', modulusBits: 4096 },
  ed25519: { kind: 'ed25519' },
};

/** Private keys by the names of `keyTypes`, PKCS#8; one each for subjects, another for issuers. */
export type Keys = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** A key of every type. */
export async function createKeys(): Promise<Keys> {
  const made = Object.entries(keyTypes).map(async ([name, type]) => [name, await createPrivateKey(type)] as const);
  return Object.fromEntries(await Promise.all(made));
}

/** A certificate of the corpus with its key. */
export interface Party {
  /** What is special about it. */
  readonly name: string;
  readonly certificate: Certificate;
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  /** `undefined` for roots. */
  readonly issuer: Party | undefined;
  /** How it signs, when not in the usual way of its key. */
  readonly algorithm: SignatureAlgorithm | undefined;
}

/** What to certify; what is left out is ordinary. */
export interface PartyWish extends Partial<Omit<ContentsWish, 'issuer' | 'publicKey'>> {
  readonly name: string;
  readonly profile: string | Profile;
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  readonly issuer?: Party;
  readonly algorithm?: SignatureAlgorithm;
}

const profiles = openBuiltInProfiles();

/** A built-in profile with some of it changed. */
export function changeProfile(name: string, changes: Partial<Profile>): Profile {
  return { ...findProfile(profiles, name), ...changes };
}

/** The certificate, composed, signed and parsed. Throws when the lint finds an error in it. */
export async function createParty(wish: PartyWish): Promise<Party> {
  const { name, pkcs8, issuer, algorithm } = wish;
  const profile = typeof wish.profile === 'string' ? findProfile(profiles, wish.profile) : wish.profile;
  const { subjectKey } = createNodeSigner(pkcs8);
  const contents = composeCertificate(profile, {
    subject: [['CN', name]],
    names: [],
    serial: createSerialNumber(),
    locations: { crl: [`${base}/crl`], ocsp: [`${base}/ocsp`], issuer: [`${base}/ca.crt`] },
    ...wish,
    validity: { notBefore: now - 300_000, notAfter: now + 6 * dayMs },
    publicKey: subjectKey,
    issuer: issuer?.certificate,
  });
  // The dates at the edges lie beyond every profile's lifetime.
  const dated = { ...contents, ...wish.validity };
  const signer = createNodeSigner(issuer?.pkcs8 ?? pkcs8, issuer ? issuer.algorithm : algorithm);
  const certificate = parseCertificate(await signCertificate(dated, signer));
  const findings = lintCertificate(certificate, issuer && { issuer: issuer.certificate });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(`${name}: ${errors.map(({ message }) => message).join('; ')}`);
  return { name, certificate, pkcs8, issuer, algorithm };
}
