/** Mints bundles: good ones, and such as are bad in one place, signed and logged all the same. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeGranted } from '@signpost/protocol/cms/timestamp-response';
import { createTimestampSigner } from '@signpost/protocol/cms/write-timestamp';
import { encodePae } from '@signpost/protocol/dsse/envelope';
import type { HashName } from '@signpost/protocol/keys/signature-algorithm';
import type { Party } from '../../x509/authority.ts';
import { type CertificateChanges, createSigner, type Signer } from './certificate.ts';
import { createInstance, describeTrustedRoot, type Instance, type LogKey, signedAt } from './instance.ts';
import { type Edit, edit, encodeJson, type Json, type JsonRecord } from './json.ts';
import { computePath, computeRoot, describeCheckpoint, signNote, signPromise } from './log.ts';

/** The instance that all tests of a file share. */
export const instance: Instance = await createInstance();
const usualSigner = await createSigner({ authority: instance.authority, log: instance.certificateLog });

/** The artifact, unless a test brings another. */
export const artifact: Uint8Array<ArrayBuffer> = encodeText('the artifact\n');

/** What may be asked of a bundle; everything has a value that makes it good. */
export interface Recipe {
  readonly version?: '0.1' | '0.2' | '0.3';
  readonly content?: 'message' | 'statement';
  readonly log?: 'v1' | 'v2' | 'none';
  readonly logKey?: LogKey;
  readonly certificate?: CertificateChanges;
  /** Instead of a certificate made for this bundle. */
  readonly signer?: Signer;
  /** The signer is known by its key alone. */
  readonly byKey?: boolean;
  /** Who signs, when it is not the certificate's key. */
  readonly signedBy?: Signer;
  readonly hash?: HashName;
  /** Of the statement. */
  readonly statement?: Json;
  readonly payloadType?: string;
  readonly timestamps?: readonly TimestampRecipe[];
  /** What becomes of the signature before it is timestamped and logged. */
  readonly signature?: (signature: Uint8Array) => Uint8Array<ArrayBuffer>;
  /** The older kind of entries for statements in Rekor v1. */
  readonly asIntoto?: boolean;
  /** Changes to the entry before it is logged. */
  readonly entry?: readonly Edit[];
  /** What is logged, and shown, instead of JSON. */
  readonly entryText?: (text: string) => string;
  readonly integratedTime?: number;
  /** The places of entries in the tree of ten: one, unless told otherwise. */
  readonly indexes?: readonly number[];
  readonly withoutPromise?: boolean;
  readonly origin?: string;
  /** The checkpoint before it is signed, and after. */
  readonly checkpoint?: (text: string) => string;
  readonly note?: (note: string, text: string) => string | Promise<string>;
  /** Changes to bundle and trusted root in the end. */
  readonly bundle?: readonly Edit[];
  readonly root?: readonly Edit[];
}

/** What may be asked of an RFC 3161 timestamp. */
interface TimestampRecipe {
  readonly by?: Party;
  readonly time?: number;
  /** What is timestamped, instead of the signature. */
  readonly message?: Uint8Array<ArrayBuffer>;
  readonly hash?: HashName;
  readonly withCertificates?: boolean;
  readonly token?: (token: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** What came out. */
export interface Minted {
  readonly bundle: JsonRecord;
  readonly root: JsonRecord;
  readonly signer: Signer;
  readonly signature: Uint8Array<ArrayBuffer>;
}

interface Signed {
  readonly signer: Signer;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What a hash-and-signature entry has the digest of. */
  readonly message: Uint8Array<ArrayBuffer>;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Makes a bundle. */
export async function mint(recipe: Recipe = {}): Promise<Minted> {
  const signed = await sign(recipe);
  const log = recipe.log ?? 'v2';
  const timestamps = recipe.timestamps ?? (log === 'v1' ? [] : [{}]);
  const tokens = await Promise.all(timestamps.map((one) => timestamp(signed.signature, one)));
  const indexes = log === 'none' ? [] : (recipe.indexes ?? [usualIndex]);
  const entries = await Promise.all(indexes.map((index) => createEntry(recipe, signed, index)));
  const bundle = {
    mediaType: mediaTypes[recipe.version ?? '0.3'],
    verificationMaterial: {
      ...describeSigner(recipe, signed.signer),
      tlogEntries: entries,
      ...(tokens.length > 0 && {
        timestampVerificationData: { rfc3161Timestamps: tokens.map((one) => ({ signedTimestamp: encodeBase64(one) })) },
      }),
    },
    ...(await describeContent(recipe, signed)),
  };
  return {
    bundle: edit(bundle, recipe.bundle ?? []),
    root: edit(describeTrustedRoot(instance), recipe.root ?? []),
    signer: signed.signer,
    signature: signed.signature,
  };
}

const mediaTypes = {
  '0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
};

/** A certificate for a bundle of the tests. */
export function certify(changes: CertificateChanges = {}): Promise<Signer> {
  return createSigner({ authority: instance.authority, log: instance.certificateLog }, changes);
}

/** The statement, about the artifact unless it is given. */
export async function describeStatement(subjects?: Json): Promise<JsonRecord> {
  const digest = { sha256: await digestHex(artifact) };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects ?? [{ name: 'artifact.txt', digest }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: { buildType: 'https://test/build' },
      runDetails: { builder: { id: 'https://test/builder' } },
    },
  };
}

async function sign(recipe: Recipe): Promise<Signed> {
  const signer = recipe.signer ?? (recipe.certificate ? await certify(recipe.certificate) : usualSigner);
  const payload = encodeJson(recipe.statement ?? (await describeStatement()));
  const message = recipe.content === 'statement' ? encodePae(recipe.payloadType ?? inTotoType, payload) : artifact;
  const signature = await (recipe.signedBy ?? signer).signer.sign(message);
  return { signer, payload, message, signature: recipe.signature?.(signature) ?? signature };
}

const inTotoType = 'application/vnd.in-toto+json';

function describeSigner({ version, byKey }: Recipe, { certificate }: Signer): JsonRecord {
  if (byKey) return { publicKey: { hint: 'test' } };
  const raw = { rawBytes: encodeBase64(certificate.bytes) };
  return version === '0.1' || version === '0.2'
    ? { x509CertificateChain: { certificates: [raw] } }
    : { certificate: raw };
}

async function describeContent(recipe: Recipe, { payload, signature }: Signed): Promise<JsonRecord> {
  const sig = encodeBase64(signature);
  if (recipe.content === 'statement') {
    const payloadType = recipe.payloadType ?? inTotoType;
    return { dsseEnvelope: { payload: encodeBase64(payload), payloadType, signatures: [{ sig }] } };
  }
  const hash = recipe.hash ?? 'SHA-256';
  return {
    messageSignature: {
      messageDigest: { algorithm: protobufNames[hash], digest: await digest64(artifact, hash) },
      signature: sig,
    },
  };
}

const protobufNames = { 'SHA-256': 'SHA2_256', 'SHA-384': 'SHA2_384', 'SHA-512': 'SHA2_512' };
const shortNames = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

/** An RFC 3161 answer over the signature. */
async function timestamp(signature: Uint8Array<ArrayBuffer>, recipe: TimestampRecipe): Promise<Uint8Array> {
  const by = recipe.by ?? instance.timestampAuthority;
  const hash = recipe.hash ?? 'SHA-256';
  const authority = await createTimestampSigner(by.certificate, [], by.signer);
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest(hash, recipe.message ?? signature));
  const token = await authority.sign(
    {
      imprint: { hash, digest },
      policy: '1.3.6.1.4.1.57264.2',
      serialNumber: Uint8Array.of(1, 2, 3, 4),
      time: recipe.time ?? signedAt,
      accuracyMicros: undefined,
      isOrdered: false,
      nonce: undefined,
      authority: undefined,
    },
    { withCertificates: recipe.withCertificates ?? false },
  );
  return encodeGranted(recipe.token?.(token) ?? token);
}

async function createEntry(recipe: Recipe, signed: Signed, index: number): Promise<Json> {
  const isTiled = (recipe.log ?? 'v2') === 'v2';
  const log = recipe.logKey ?? (isTiled ? instance.tileLog : instance.rekor);
  const plain = JSON.stringify(
    edit(isTiled ? await describeTiled(recipe, signed) : await describeEntry(recipe, signed), recipe.entry ?? []),
  );
  const body = encodeText(recipe.entryText?.(plain) ?? plain);
  const kind = isTiled || recipe.content !== 'statement' ? 'hashedrekord' : recipe.asIntoto ? 'intoto' : 'dsse';
  const integratedTime = Math.floor((recipe.integratedTime ?? signedAt) / 1000);
  const logIndex = isTiled ? index : shardStart + index;
  const withPromise = !isTiled && !recipe.withoutPromise;
  return {
    logIndex: String(logIndex),
    logId: { keyId: encodeBase64(log.logId) },
    kindVersion: { kind, version: isTiled || kind === 'intoto' ? '0.0.2' : '0.0.1' },
    ...(!isTiled && { integratedTime: String(integratedTime) }),
    ...(withPromise && {
      inclusionPromise: {
        signedEntryTimestamp: encodeBase64(await signPromise({ body, integratedTime, logIndex }, log)),
      },
    }),
    inclusionProof: await prove(recipe, { log, body, index }),
    canonicalizedBody: encodeBase64(body),
  };
}

/** The entry stands among others, so that its proof has hashes on both sides. */
const usualIndex = 4;
/** Where the tree's first entry stands among those of all trees. */
const shardStart = 1000;
const others = Array.from({ length: 10 }, (_, at) => encodeText(`entry ${at}`));

interface Placed {
  readonly log: LogKey;
  readonly body: Uint8Array;
  readonly index: number;
}

async function prove(recipe: Recipe, { log, body, index }: Placed): Promise<Json> {
  const leaves = others.with(index, Uint8Array.from(body));
  const root = computeRoot(leaves);
  const isTiled = (recipe.log ?? 'v2') === 'v2';
  const origin = recipe.origin ?? (isTiled ? log.name : `${log.name} - 1193050959916656506`);
  const plain = describeCheckpoint(origin, leaves.length, root);
  const text = recipe.checkpoint?.(plain) ?? plain;
  const note = `${text}\n${await signNote(text, log)}`;
  return {
    logIndex: String(index),
    rootHash: encodeBase64(root),
    treeSize: String(leaves.length),
    hashes: computePath(leaves, index).map(encodeBase64),
    checkpoint: { envelope: (await recipe.note?.(note, text)) ?? note },
  };
}

/** Rekor v1: `hashedrekord` and `dsse`, version 0.0.1. */
async function describeEntry(recipe: Recipe, { signer, signature, payload }: Signed): Promise<JsonRecord> {
  const content = encodeBase64(signature);
  const pem = encodeBase64(encodeText(describePem(recipe, signer)));
  if (recipe.asIntoto) return describeIntoto(recipe, { signature, payload, pem });
  if (recipe.content === 'statement') {
    const payloadHash = { algorithm: 'sha256', value: await digestHex(payload) };
    const envelopeHash = { algorithm: 'sha256', value: '0'.repeat(64) };
    const signatures = [{ signature: content, verifier: pem }];
    return { apiVersion: '0.0.1', kind: 'dsse', spec: { envelopeHash, payloadHash, signatures } };
  }
  const hash = recipe.hash ?? 'SHA-256';
  const data = { hash: { algorithm: shortNames[hash], value: await digestHex(artifact, hash) } };
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: { data, signature: { content, publicKey: { content: pem } } },
  };
}

/** Rekor v1: `intoto`, version 0.0.2, whose base64 is of base64. */
async function describeIntoto(
  { payloadType = inTotoType }: Recipe,
  {
    signature,
    payload,
    pem,
  }: { readonly signature: Uint8Array; readonly payload: Uint8Array<ArrayBuffer>; readonly pem: string },
): Promise<JsonRecord> {
  const sig = encodeBase64(encodeText(encodeBase64(signature)));
  const content = {
    envelope: { payloadType, signatures: [{ publicKey: pem, sig }] },
    hash: { algorithm: 'sha256', value: '0'.repeat(64) },
    payloadHash: { algorithm: 'sha256', value: await digestHex(payload) },
  };
  return { apiVersion: '0.0.2', kind: 'intoto', spec: { content } };
}

function describePem({ byKey }: Recipe, { certificate, signer }: Signer): string {
  return byKey ? encodePem('PUBLIC KEY', signer.subjectKey.spki) : encodePem('CERTIFICATE', certificate.bytes);
}

/** Rekor v2: `hashedrekord`, version 0.0.2, of a message or of what an envelope's signature is over. */
async function describeTiled(recipe: Recipe, { signer, signature, message }: Signed): Promise<JsonRecord> {
  const hash = recipe.hash ?? 'SHA-256';
  const key = recipe.byKey
    ? { publicKey: { rawBytes: encodeBase64(signer.signer.subjectKey.spki) } }
    : { x509Certificate: { rawBytes: encodeBase64(signer.certificate.bytes) } };
  const data = { algorithm: protobufNames[hash], digest: await digest64(message, hash) };
  const verifier = { keyDetails: keyDetails[hash], ...key };
  const signed = { content: encodeBase64(signature), verifier };
  return { apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: { data, signature: signed } } };
}

const keyDetails = {
  'SHA-256': 'PKIX_ECDSA_P256_SHA_256',
  'SHA-384': 'PKIX_ECDSA_P384_SHA_384',
  'SHA-512': 'PKIX_ECDSA_P521_SHA_512',
};

async function digest64(bytes: Uint8Array<ArrayBuffer>, hash: HashName): Promise<string> {
  return encodeBase64(new Uint8Array(await globalThis.crypto.subtle.digest(hash, bytes)));
}

/** A digest in hexadecimal. */
export async function digestHex(bytes: Uint8Array<ArrayBuffer>, hash: HashName = 'SHA-256'): Promise<string> {
  return encodeHex(new Uint8Array(await globalThis.crypto.subtle.digest(hash, bytes)));
}
