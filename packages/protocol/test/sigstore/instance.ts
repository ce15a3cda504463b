/** An instance of Sigstore of the tests: authority, certificate log, logs of both kinds, timestamp authority, each with real keys. */

import { tags } from '@signpost/protocol/asn1/tag';
import { octetString, string } from '@signpost/protocol/asn1/writer';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { encodeEd25519Key } from '@signpost/protocol/keys/subject-key';
import { encodePrecertificateEntry, encodeTimestamped } from '@signpost/protocol/sigstore/certificate-timestamp';
import { deriveLogId } from '@signpost/protocol/tlog/note-key';
import { extension } from '@signpost/protocol/x509/extensions';
import { extensionOids, purposes } from '@signpost/protocol/x509/oids';
import { createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import { concat } from '../concat.ts';
import { createAuthority, createServer, now, type Party, type PartyOptions } from '../x509/authority.ts';

/** When everything is signed. */
export const signedAt: number = now;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Who signs, unless told otherwise. */
export const subject = 'https://forge.example/team/tool/.ci/release.yml@refs/tags/v1';
export const issuer = 'https://token.forge.example';

/** A log of certificates or of signatures with an ECDSA key. */
export interface EcdsaLog {
  readonly baseUrl: string;
  readonly signer: CertificateSigner;
  readonly logId: Uint8Array<ArrayBuffer>;
}

/** A log of tiles. */
export interface TileLog {
  readonly baseUrl: string;
  readonly name: string;
  readonly signer: Signer;
  readonly logId: Uint8Array<ArrayBuffer>;
  readonly spki: Uint8Array<ArrayBuffer>;
}

export const root = await createAuthority();
export const intermediate = await createAuthority({
  issuer: root,
  extensions: { extendedKeyUsage: { purposes: [purposes.codeSigning] } },
});
export const certificateLog = await createEcdsaLog('https://ct.example/2026');
export const log = await createEcdsaLog('https://rekor.example');
export const tileLog = await createTileLog('log2026.example', 1);
export const timestampRoot = await createAuthority({ name: [['CN', 'Time root']] });
export const timestampAuthority = await createTimestampAuthority();

export async function createEcdsaLog(baseUrl: string): Promise<EcdsaLog> {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
  return { baseUrl, signer, logId: hashSha256(signer.subjectKey.spki) };
}

export async function createTileLog(name: string, seed: number): Promise<TileLog> {
  const signer = await createSigner(new Uint8Array(32).fill(seed));
  const raw = parseBase64(signer.pubkeyB64);
  return { baseUrl: `https://${name}`, name, signer, logId: deriveLogId(name, 1, raw), spki: encodeEd25519Key(raw) };
}

/** A timestamp authority, good unless told otherwise. */
export function createTimestampAuthority(options: PartyOptions = {}): Promise<Party> {
  return createServer({
    issuer: timestampRoot,
    name: [['CN', 'Time']],
    ...options,
    extensions: {
      extendedKeyUsage: { purposes: [purposes.timeStamping], critical: true },
      subjectAlternativeName: undefined,
      ...options.extensions,
    },
  });
}

/** A promise in a certificate. */
interface TimestampToPlant {
  readonly log: EcdsaLog;
  readonly time?: number;
  /** Another signature than the right one. */
  readonly signature?: Uint8Array<ArrayBuffer>;
  readonly extensions?: Uint8Array<ArrayBuffer>;
}

/** What may be asked of a signer's certificate; everything has a value that makes it good. */
export interface SignerOptions extends PartyOptions {
  readonly scts?: readonly TimestampToPlant[];
  /** The claim of the issuer. */
  readonly claimedIssuer?: string;
}

/** A signer: its certificate is made twice, without what the log signs and with it. */
export async function createSignerParty(options: SignerOptions = {}): Promise<Party> {
  const { scts = [{ log: certificateLog }], claimedIssuer = issuer, ...party } = options;
  const claim = extension('1.3.6.1.4.1.57264.1.8', string(tags.utf8String, claimedIssuer), { critical: false });
  const given: PartyOptions = {
    issuer: intermediate,
    name: [],
    serialNumber: createSerialNumber(),
    pkcs8: await createPrivateKey(party.keyType ?? { kind: 'ecdsa', curve: 'P-256' }),
    notBefore: signedAt - 5 * minuteMs,
    notAfter: signedAt + 5 * minuteMs,
    ...party,
    moreExtensions: [claim, ...(party.moreExtensions ?? [])],
    extensions: {
      extendedKeyUsage: { purposes: [purposes.codeSigning] },
      subjectAlternativeName: { names: [{ kind: 'uri', text: subject }], critical: true },
      ...party.extensions,
    },
  };
  const bare = await createServer(given);
  if (scts.length === 0) return bare;
  const list = await signTimestamps(bare, given.issuer ?? bare, scts);
  const planted = extension(extensionOids.signedCertificateTimestamps, octetString(list), { critical: false });
  return createServer({ ...given, moreExtensions: [...(given.moreExtensions ?? []), planted] });
}

async function signTimestamps(
  { certificate }: Party,
  by: Party,
  scts: readonly TimestampToPlant[],
): Promise<Uint8Array<ArrayBuffer>> {
  const entry = encodePrecertificateEntry(certificate, by.certificate);
  const items: Uint8Array[] = [];
  for (const { log: signedBy, time = signedAt, extensions = new Uint8Array(), ...wrong } of scts) {
    const message = encodeTimestamped(entry, { time, extensions });
    const signature = wrong.signature ?? (await signedBy.signer.sign(message));
    // What is signed has time and extensions in it; the timestamp has them beside log and algorithm.
    const timed = concat(Uint8Array.of(0), signedBy.logId, message.slice(2, 10), encodeVector(extensions));
    items.push(encodeVector(concat(timed, Uint8Array.of(4, 3), encodeVector(signature))));
  }
  return encodeVector(concat(...items));
}

function encodeVector(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

type Json = Readonly<Record<string, unknown>>;

/** An instance's window, which began a day ago. */
export const validFor = { start: new Date(signedAt - dayMs).toISOString() };

/** A log as a trusted root names it. */
export function describeLog({ baseUrl, logId, ...keys }: EcdsaLog | TileLog, window: Json = validFor): Json {
  const spki = 'spki' in keys ? keys.spki : keys.signer.subjectKey.spki;
  const keyDetails = 'spki' in keys ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256';
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: encodeBase64(spki), keyDetails, validFor: window },
    logId: { keyId: encodeBase64(logId) },
  };
}

/** A chain as a trusted root names it. */
export function describeAuthority(parties: readonly Party[], window: Json = validFor): Json {
  const certificates = parties.map(({ certificate }) => ({ rawBytes: encodeBase64(certificate.bytes) }));
  return { uri: 'https://authority.example', certChain: { certificates }, validFor: window };
}

/** The trusted root of the instance, with other members where they are given. */
export function describeTrustedRoot(changes: Json = {}): Json {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [describeLog(log), describeLog(tileLog)],
    ctlogs: [describeLog(certificateLog)],
    certificateAuthorities: [describeAuthority([intermediate, root])],
    timestampAuthorities: [describeAuthority([timestampAuthority, timestampRoot])],
    ...changes,
  };
}
