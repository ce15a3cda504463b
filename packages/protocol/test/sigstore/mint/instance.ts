/** A Sigstore instance of the tests: certificate authority, timestamp authority, certificate log, a log of each kind. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeTime } from '@signpost/protocol/json/time';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { deriveLogId, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import { purposes } from '@signpost/protocol/x509/oids';
import { createAuthority, createServer, type Party, type PartyOptions } from '../../x509/authority.ts';
import type { Json, JsonRecord } from './json.ts';

/** When the tests' signatures are made, a whole second. */
export const signedAt: number = Date.UTC(2026, 2, 3, 12, 0, 0);
export const dayMs = 86_400_000;
export const minuteMs = 60_000;
/** The start of every window in the trusted root. */
export const windowStart: number = signedAt - 365 * dayMs;

/** A log's key, and how the log is known. */
export interface LogKey {
  readonly signer: CertificateSigner;
  /** Of its checkpoints; certificate logs have none. */
  readonly name: string;
  readonly logId: Uint8Array<ArrayBuffer>;
  readonly keyDetails: string;
}

/** All that signs in an instance. */
export interface Instance {
  readonly root: Party;
  /** Issues certificates. */
  readonly authority: Party;
  readonly timestampRoot: Party;
  readonly timestampAuthority: Party;
  readonly certificateLog: LogKey;
  /** Rekor v1. */
  readonly rekor: LogKey;
  /** Rekor v2. */
  readonly tileLog: LogKey;
}

const validity = { notBefore: windowStart, notAfter: signedAt + 3650 * dayMs };

/** An instance with keys of its own. */
export async function createInstance(): Promise<Instance> {
  const root = await createAuthority({
    ...validity,
    name: [
      ['O', 'sigstore.test'],
      ['CN', 'root'],
    ],
  });
  const authority = await createIssuer(root);
  const timestampRoot = await createAuthority({
    ...validity,
    name: [
      ['O', 'tsa.test'],
      ['CN', 'tsa root'],
    ],
  });
  return {
    root,
    authority,
    timestampRoot,
    timestampAuthority: await createTimestampAuthority({ issuer: timestampRoot }),
    certificateLog: await createHashLog('ctfe.test'),
    rekor: await createHashLog('rekor.test'),
    tileLog: await createTileLog('log2026.test'),
  };
}

/** An authority that issues signers' certificates, as Fulcio's. */
export function createIssuer(root: Party, options: PartyOptions = {}): Promise<Party> {
  return createAuthority({
    ...validity,
    issuer: root,
    name: [
      ['O', 'sigstore.test'],
      ['CN', 'intermediate'],
    ],
    ...options,
    extensions: {
      basicConstraints: { isAuthority: true, pathLength: 0 },
      extendedKeyUsage: { purposes: [purposes.codeSigning] },
      ...options.extensions,
    },
  });
}

/** A timestamp authority, good unless told otherwise. */
export function createTimestampAuthority(options: PartyOptions): Promise<Party> {
  return createServer({
    ...validity,
    name: [
      ['O', 'tsa.test'],
      ['CN', 'tsa'],
    ],
    ...options,
    extensions: {
      extendedKeyUsage: { purposes: [purposes.timeStamping], critical: true },
      subjectAlternativeName: undefined,
      ...options.extensions,
    },
  });
}

/** A log whose id is the hash of its key, as Rekor v1 and certificate logs have it. */
export async function createHashLog(
  name: string,
  keyType: KeyType = { kind: 'ecdsa', curve: 'P-256' },
): Promise<LogKey> {
  const signer = await createCertificateSigner(await createPrivateKey(keyType));
  const digest = await globalThis.crypto.subtle.digest('SHA-256', signer.subjectKey.spki);
  return { signer, name, logId: new Uint8Array(digest), keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
}

/** A tile log, whose id depends on its name, too. */
export async function createTileLog(name: string): Promise<LogKey> {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ed25519' }));
  const logId = deriveLogId(name, noteKeyTypes.ed25519, signer.subjectKey.spki.slice(-32));
  return { signer, name, logId, keyDetails: 'PKIX_ED25519' };
}

/** The trusted root of an instance. */
export function describeTrustedRoot(instance: Instance): JsonRecord {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [describeLog(instance.rekor), describeLog(instance.tileLog)],
    certificateAuthorities: [describeAuthority([instance.authority, instance.root])],
    ctlogs: [describeLog(instance.certificateLog)],
    timestampAuthorities: [describeAuthority([instance.timestampAuthority, instance.timestampRoot])],
  };
}

/** An entry for a log. */
export function describeLog({ signer, name, logId, keyDetails }: LogKey): Json {
  return {
    baseUrl: `https://${name}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: encodeBase64(signer.subjectKey.spki),
      keyDetails,
      validFor: { start: encodeTime(windowStart) },
    },
    logId: { keyId: encodeBase64(logId) },
  };
}

/** An entry for an authority, with its chain from the one that signs. */
export function describeAuthority(chain: readonly Party[]): Json {
  return {
    subject: { organization: 'test', commonName: 'test' },
    uri: 'https://authority.test',
    certChain: { certificates: chain.map(({ certificate }) => ({ rawBytes: encodeBase64(certificate.bytes) })) },
    validFor: { start: encodeTime(windowStart) },
  };
}
