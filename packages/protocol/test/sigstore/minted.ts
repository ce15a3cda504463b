/** Bundles of the tests: signed, timestamped and logged by the instance of the tests, good unless told otherwise. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createImprint } from '@signpost/protocol/cms/timestamp-request';
import { encodeGranted } from '@signpost/protocol/cms/timestamp-response';
import { createTimestampSigner } from '@signpost/protocol/cms/write-timestamp';
import { encodePae } from '@signpost/protocol/dsse/envelope';
import { encodeCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { encodeSignatureLine } from '@signpost/protocol/tlog/signed-note';
import { hashTree, proveInclusion } from '../tlog/naive-tree.ts';
import type { Party } from '../x509/authority.ts';
import * as instance from './instance.ts';

/** The artifact. */
export const artifact = encodeText('a release\n');

const mediaTypes = {
  '0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const;

/** A bundle as JSON. */
export type BundleJson = { [name: string]: unknown };

/** What may be asked of a bundle. */
export interface Plan {
  /** What is signed instead of the artifact. */
  readonly artifact?: Uint8Array<ArrayBuffer>;
  readonly version?: keyof typeof mediaTypes;
  readonly signer?: Party;
  /** Certificates after the signer's. */
  readonly chain?: readonly Party[];
  /** A managed key: the signer's, without its certificate. */
  readonly isManaged?: boolean;
  /** The payload of an envelope instead of the artifact. */
  readonly payload?: string;
  readonly payloadType?: string;
  readonly entries?: readonly EntryPlan[];
  readonly timestamps?: readonly TimestampPlan[];
}

/** What may be asked of a log entry. */
interface EntryPlan {
  readonly log?: instance.EcdsaLog | instance.TileLog;
  /** Unix ms, for logs that promise. */
  readonly time?: number;
  /** Another body than the right one. */
  readonly change?: (body: string) => string;
  /** Another kind than `hashedrekord` for messages and `dsse` for envelopes in Rekor v1. */
  readonly body?: (facts: EntryFacts) => string;
  readonly origin?: string;
  readonly signatureName?: string;
  readonly size?: string;
  readonly withoutPromise?: boolean;
  readonly withoutProof?: boolean;
  /** Lines behind those of the log. */
  readonly moreLines?: string;
}

/** What may be asked of a timestamp. */
interface TimestampPlan {
  readonly by?: Party;
  readonly time?: number;
  readonly over?: Uint8Array<ArrayBuffer>;
  readonly withCertificates?: boolean;
}

/** What entries are about. */
export interface EntryFacts {
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What is signed. */
  readonly message: Uint8Array<ArrayBuffer>;
  readonly payload: Uint8Array<ArrayBuffer> | undefined;
  readonly payloadType: string;
  readonly signer: Party;
  readonly isManaged: boolean;
}

const statementType = 'application/vnd.in-toto+json';

/** A statement about the artifact, as JSON. */
export function describeStatement(
  subjects: readonly unknown[] = [{ name: 'tool', digest: { sha256: sha256Hex(artifact) } }],
): string {
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {},
  });
}

export function sha256Hex(bytes: Uint8Array): string {
  return encodeHex(hashSha256(bytes));
}

const usualSigner = await instance.createSignerParty();

/** A bundle of the tile log and the timestamp authority, unless told otherwise. */
export async function mint(plan: Plan = {}): Promise<BundleJson> {
  const { version = '0.3', signer = usualSigner, isManaged = false, payloadType = statementType } = plan;
  const payload = plan.payload === undefined ? undefined : encodeText(plan.payload);
  const message = payload ? encodePae(payloadType, payload) : (plan.artifact ?? artifact);
  const signature = await signer.signer.sign(message);
  const facts = { signature, message, payload, payloadType, signer, isManaged };
  const entries = await Promise.all((plan.entries ?? [{}]).map((entry) => mintEntry(entry, facts)));
  const timestamps = await Promise.all(
    (plan.timestamps ?? [{}]).map((timestamp) => mintTimestamp(timestamp, signature)),
  );
  return {
    mediaType: mediaTypes[version],
    verificationMaterial: {
      ...describeSigner(plan, signer),
      tlogEntries: entries,
      timestampVerificationData: { rfc3161Timestamps: timestamps },
    },
    ...describeContent(facts),
  };
}

function describeSigner({ version = '0.3', chain = [], isManaged = false }: Plan, { certificate }: Party): BundleJson {
  if (isManaged) return { publicKey: { hint: 'a key' } };
  const certificates = [certificate, ...chain.map((one) => one.certificate)].map(({ bytes }) => ({
    rawBytes: encodeBase64(bytes),
  }));
  return version === '0.3' ? { certificate: certificates[0] } : { x509CertificateChain: { certificates } };
}

function describeContent({ signature, message, payload, payloadType }: EntryFacts): BundleJson {
  const sig = encodeBase64(signature);
  if (payload) return { dsseEnvelope: { payload: encodeBase64(payload), payloadType, signatures: [{ sig }] } };
  const messageDigest = { algorithm: 'SHA2_256', digest: encodeBase64(hashSha256(message)) };
  return { messageSignature: { messageDigest, signature: sig } };
}

async function mintTimestamp(plan: TimestampPlan, signature: Uint8Array<ArrayBuffer>): Promise<BundleJson> {
  const {
    by = instance.timestampAuthority,
    time = instance.signedAt,
    over = signature,
    withCertificates = false,
  } = plan;
  const signer = await createTimestampSigner(by.certificate, [], by.signer);
  const info = {
    imprint: await createImprint(over, 'SHA-256'),
    policy: '1.3.6.1.4.1.99999.3161',
    serialNumber: Uint8Array.of(1, 2, 3),
    time,
    accuracyMicros: undefined,
    isOrdered: false,
    nonce: undefined,
    authority: undefined,
  };
  return { signedTimestamp: encodeBase64(encodeGranted(await signer.sign(info, { withCertificates }))) };
}

/** An entry, the third of five in its tree. */
async function mintEntry(plan: EntryPlan, facts: EntryFacts): Promise<BundleJson> {
  const { log = instance.tileLog, time = instance.signedAt, change = (body: string) => body } = plan;
  const isTile = 'name' in log;
  const write = plan.body ?? (isTile ? writeTileBody : facts.payload ? writeDsseBody : writeBody);
  const text = change(write(facts));
  const { kind, apiVersion } = JSON.parse(text) as { kind: string; apiVersion: string };
  const body = encodeText(text);
  const logIndex = isTile ? 2 : 1002;
  const integratedTime = Math.floor(time / 1000);
  return {
    logIndex: String(logIndex),
    logId: { keyId: encodeBase64(log.logId) },
    kindVersion: { kind, version: apiVersion },
    ...(!isTile && { integratedTime: String(integratedTime) }),
    ...(!isTile && !plan.withoutPromise && (await promise(log, { body, integratedTime, logIndex }))),
    ...(!plan.withoutProof && { inclusionProof: await prove(log, body, plan) }),
    canonicalizedBody: encodeBase64(body),
  };
}

async function promise(
  { signer, logId }: instance.EcdsaLog,
  {
    body,
    integratedTime,
    logIndex,
  }: { readonly body: Uint8Array; readonly integratedTime: number; readonly logIndex: number },
): Promise<BundleJson> {
  const signed = { body: encodeBase64(body), integratedTime, logID: encodeHex(logId), logIndex };
  const signature = await signer.sign(encodeText(JSON.stringify(signed)));
  return { inclusionPromise: { signedEntryTimestamp: encodeBase64(signature) } };
}

async function prove(
  log: instance.EcdsaLog | instance.TileLog,
  body: Uint8Array,
  plan: EntryPlan,
): Promise<BundleJson> {
  const entries = [1, 2, 3, 4, 5].map((number) => (number === 3 ? body : Uint8Array.of(number)));
  const rootHash = hashTree(entries);
  const name = new URL(log.baseUrl).host;
  const origin = plan.origin ?? ('name' in log ? name : `${name} - 123456`);
  const text = encodeCheckpoint({ origin, size: entries.length, rootHash, extensions: [] }).replace(
    '\n5\n',
    `\n${plan.size ?? 5}\n`,
  );
  const signature = await log.signer.sign(encodeText(text));
  const keyHint = log.logId.slice(0, 4);
  const line = encodeSignatureLine({ name: plan.signatureName ?? name, keyHint, signature });
  return {
    logIndex: '2',
    treeSize: '5',
    rootHash: encodeBase64(rootHash),
    hashes: proveInclusion(2, entries).map(encodeBase64),
    checkpoint: { envelope: `${text}\n${line}${plan.moreLines ?? ''}` },
  };
}

function encodeSignerPem({ signer, isManaged }: EntryFacts): string {
  const pem = isManaged
    ? encodePem('PUBLIC KEY', signer.signer.subjectKey.spki)
    : encodePem('CERTIFICATE', signer.certificate.bytes);
  return encodeBase64(encodeText(pem));
}

/** `hashedrekord` of Rekor v1. */
export function writeBody(facts: EntryFacts): string {
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256Hex(facts.message) } },
      signature: { content: encodeBase64(facts.signature), publicKey: { content: encodeSignerPem(facts) } },
    },
  });
}

/** `dsse` of Rekor v1. */
export function writeDsseBody(facts: EntryFacts): string {
  const payload = facts.payload ?? new Uint8Array();
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: { algorithm: 'sha256', value: sha256Hex(encodeText('what the log was sent')) },
      payloadHash: { algorithm: 'sha256', value: sha256Hex(payload) },
      signatures: [{ signature: encodeBase64(facts.signature), verifier: encodeSignerPem(facts) }],
    },
  });
}

/** `intoto` of Rekor v1. */
export function writeIntotoBody(facts: EntryFacts): string {
  const twice = (bytes: Uint8Array) => encodeBase64(encodeText(encodeBase64(bytes)));
  return JSON.stringify({
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: {
      content: {
        envelope: {
          payloadType: facts.payloadType,
          signatures: [{ publicKey: encodeSignerPem(facts), sig: twice(facts.signature) }],
        },
        hash: { algorithm: 'sha256', value: sha256Hex(encodeText('the envelope')) },
        payloadHash: { algorithm: 'sha256', value: sha256Hex(facts.payload ?? new Uint8Array()) },
      },
    },
  });
}

/** `hashedrekord` of Rekor v2. */
export function writeTileBody({ signature, message, signer, isManaged }: EntryFacts): string {
  const raw = isManaged
    ? { publicKey: { rawBytes: encodeBase64(signer.signer.subjectKey.spki) } }
    : { x509Certificate: { rawBytes: encodeBase64(signer.certificate.bytes) } };
  return JSON.stringify({
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: encodeBase64(hashSha256(message)) },
        signature: {
          content: encodeBase64(signature),
          verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', ...raw },
        },
      },
    },
  });
}
