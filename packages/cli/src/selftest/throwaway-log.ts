/** A log of signatures that lives for one self-test (docs/protocol/bundles.md; sigstore/rekor, `dsse` 0.0.1): whoever trusts it for that hour, trusts what is signed here. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodePae } from '@signpost/protocol/dsse/envelope';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { encodeCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { encodeSignatureLine } from '@signpost/protocol/tlog/signed-note';

/** The log, and who trusts what. */
export interface ThrowawayLog {
  /** A `trusted_root.json` that names this log alone, for an hour. */
  readonly trustedRoot: string;
  /** A bundle (version 0.3) over a statement about an image, by its hex SHA-256. */
  sign(content: string, signer: ThrowawaySigner): Promise<Uint8Array<ArrayBuffer>>;
}

/** A key that is nowhere but here. */
export interface ThrowawaySigner {
  readonly signer: CertificateSigner;
  /** Hex SHA-256 of its SubjectPublicKeyInfo. */
  readonly key: string;
}

const host = 'selftest.invalid';
const payloadType = 'application/vnd.in-toto+json';
const [beforeMs, afterMs] = [5 * 60_000, 60 * 60_000];

/** Makes a key. */
export async function createThrowawaySigner(): Promise<ThrowawaySigner> {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
  return { signer, key: encodeHex(hashSha256(signer.subjectKey.spki)) };
}

/** Makes a log; `now` in Unix ms. */
export async function createThrowawayLog(now: number): Promise<ThrowawayLog> {
  const { signer } = await createThrowawaySigner();
  const logId = hashSha256(signer.subjectKey.spki);
  const log = { signer, logId, integratedTime: Math.floor(now / 1000) };
  return {
    trustedRoot: describeRoot(log, now),
    sign: async (content, by) => encodeText(JSON.stringify(await mintBundle(log, content, by))),
  };
}

interface Log {
  readonly signer: CertificateSigner;
  readonly logId: Uint8Array<ArrayBuffer>;
  /** Unix seconds. */
  readonly integratedTime: number;
}

function describeRoot({ signer, logId }: Log, now: number): string {
  const validFor = { start: new Date(now - beforeMs).toISOString(), end: new Date(now + afterMs).toISOString() };
  const rawBytes = encodeBase64(signer.subjectKey.spki);
  const log = {
    ...{ baseUrl: `https://${host}`, hashAlgorithm: 'SHA2_256', logId: { keyId: encodeBase64(logId) } },
    publicKey: { rawBytes, keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
  };
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    ...{ tlogs: [log], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] },
  });
}

async function mintBundle(log: Log, content: string, { signer }: ThrowawaySigner) {
  const payload = encodeText(describeStatement(content));
  const sig = encodeBase64(await signer.sign(encodePae(payloadType, payload)));
  const verifier = encodeBase64(encodeText(encodePem('PUBLIC KEY', signer.subjectKey.spki)));
  const envelope = { payload: encodeBase64(payload), payloadType, signatures: [{ sig }] };
  const body = {
    ...{ apiVersion: '0.0.1', kind: 'dsse' },
    spec: {
      envelopeHash: { algorithm: 'sha256', value: encodeHex(hashSha256(encodeText(JSON.stringify(envelope)))) },
      payloadHash: { algorithm: 'sha256', value: encodeHex(hashSha256(payload)) },
      signatures: [{ signature: sig, verifier }],
    },
  };
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: 'self-test' },
      tlogEntries: [await mintEntry(log, encodeText(JSON.stringify(body)))],
    },
    dsseEnvelope: envelope,
  };
}

function describeStatement(content: string): string {
  return JSON.stringify({
    ...{ _type: 'https://in-toto.io/Statement/v1', subject: [{ name: 'selftest', digest: { sha256: content } }] },
    ...{ predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} },
  });
}

/** The only entry of its tree, with the log's promise, which tells the time. */
async function mintEntry({ signer, logId, integratedTime }: Log, entry: Uint8Array<ArrayBuffer>) {
  const body = encodeBase64(entry);
  const promised = JSON.stringify({ body, integratedTime, logID: encodeHex(logId), logIndex: 0 });
  const rootHash = hashLeaf(entry);
  const text = encodeCheckpoint({ origin: `${host} - 1`, size: 1, rootHash, extensions: [] });
  const signature = await signer.sign(encodeText(text));
  const line = encodeSignatureLine({ name: host, keyHint: logId.slice(0, 4), signature });
  return {
    ...{ logIndex: '0', logId: { keyId: encodeBase64(logId) }, kindVersion: { kind: 'dsse', version: '0.0.1' } },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: encodeBase64(await signer.sign(encodeText(promised))) },
    inclusionProof: {
      ...{ logIndex: '0', treeSize: '1', rootHash: encodeBase64(rootHash), hashes: [] },
      checkpoint: { envelope: `${text}\n${line}` },
    },
    canonicalizedBody: body,
  };
}
