/** Honest documents by fixed keys, and ways to bend them. Tests and vectors start from these. */
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeCanonical, encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { createSigner, parsePublicKey, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { RootSet } from '@signpost/protocol/updates/trust-list';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';

/** The moment at which the documents are judged: 2027-01-15T12:00:00Z. */
export const now: number = Date.UTC(2027, 0, 15, 12);

/** The bytes of the file that the manifests name. */
export const fileBytes: Uint8Array<ArrayBuffer> = encodeText('the bytes of demo 1.2.0\n');

/** The signer whose seed is the SHA-256 of its name. */
async function createNamedSigner(name: string): Promise<Signer> {
  return createSigner(new Uint8Array(createHash('sha256').update(`signpost test key ${name}`).digest()));
}

/** A signature by the signer of that name whose R is the neutral point: the equation holds, and nobody signs like that. */
export function signWithoutNonce(name: string, message: Uint8Array): string {
  const { Point, utils } = ed25519;
  const { scalar, pointBytes } = utils.getExtendedPublicKey(
    createHash('sha256').update(`signpost test key ${name}`).digest(),
  );
  const neutral = Point.ZERO.toBytes();
  const digest = createHash('sha512').update(neutral).update(pointBytes).update(message).digest().reverse();
  const s = Point.Fn.mul(Point.Fn.create(BigInt(`0x${digest.toString('hex')}`)), scalar);
  return Buffer.concat([neutral, Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]).toString('base64');
}

export const rootA: Signer = await createNamedSigner('root a');
export const rootB: Signer = await createNamedSigner('root b');
export const rootC: Signer = await createNamedSigner('root c');
export const serverKey: Signer = await createNamedSigner('server');
export const aliceKey: Signer = await createNamedSigner('alice');
export const bobKey: Signer = await createNamedSigner('bob');
export const pushKey: Signer = await createNamedSigner('push');
export const logKey: Signer = await createNamedSigner('log');
export const strangerKey: Signer = await createNamedSigner('stranger');

/** The root set of `signers`. */
export async function createRoots(signers: readonly Signer[], threshold = 1): Promise<RootSet> {
  return { keys: await Promise.all(signers.map(({ pubkeyB64 }) => parsePublicKey(pubkeyB64))), threshold };
}

/** The members of a key entry. */
export function describeKey({ keyId, pubkeyB64 }: Signer): { key_id: string; pubkey_b64: string } {
  return { key_id: keyId, pubkey_b64: pubkeyB64 };
}

/** The entry of `signer` under `valid_keys`. */
export function trustedKeyEntry(signer: Signer, changes: SignableObject = {}): SignableObject {
  return { ...describeKey(signer), label: 'a key', custody: 'server', scope: ['*'], ...changes };
}

/** The entry of `signer` under `push_keys`. */
export function pushKeyEntry(signer: Signer, changes: SignableObject = {}): SignableObject {
  return { ...describeKey(signer), label: 'a push key', ...changes };
}

/** The member `log` of a trust list. */
export function trustedLogEntry(signer: Signer = logKey, origin = 'updates.example/log'): SignableObject {
  return { ...describeKey(signer), origin };
}

/** An honest `trust` object, with `changes`; a member changed to `undefined` is left out. */
export function trustDocument(changes: SignableObject = {}): SignableObject {
  return {
    trust_version: 3,
    issued_at: '2027-01-01T00:00:00Z',
    expires_at: '2029-01-01T00:00:00Z',
    valid_keys: [trustedKeyEntry(serverKey)],
    revoked_keys: [],
    ...changes,
  };
}

/** An honest `manifest` object, with `changes`. */
export function manifestDocument(changes: SignableObject = {}): SignableObject {
  return {
    manifest_schema_version: 2,
    project: 'demo',
    channel: 'stable',
    version: '1.2.0',
    counter: 7,
    key_id: serverKey.keyId,
    signed_at: '2027-01-10T00:00:00Z',
    expires_at: '2027-02-10T00:00:00Z',
    sha256: createHash('sha256').update(fileBytes).digest('hex'),
    size_bytes: fileBytes.length,
    url: '/demo/1.2.0/demo.zip',
    ...changes,
  };
}

/** The envelope of a trust list, signed by root A unless told otherwise. */
export function signTrust(changes: SignableObject = {}, signers: readonly Signer[] = [rootA]): Promise<string> {
  return signEnvelope('trust', trustDocument(changes), signers);
}

/** The envelope of a manifest, signed by the server's key unless told otherwise. */
export function signManifest(changes: SignableObject = {}, signers: readonly Signer[] = [serverKey]): Promise<string> {
  return signEnvelope('manifest', manifestDocument(changes), signers);
}

/** A verified trust list under root A, with `changes`. */
export async function createTrust(changes: SignableObject = {}): Promise<VerifiedTrustList> {
  return verifyTrustList(encodeText(await signTrust(changes)), { roots: await createRoots([rootA]) });
}

/** The honest entry of the manifest of `signManifest`, with `changes`; further manifests are told apart by `manifest`. */
export async function catalogueEntry(changes: SignableObject = {}, manifest = signManifest()): Promise<SignableObject> {
  const envelope = parseSignableText(await manifest) as SignableObject & { manifest: SignableObject };
  const { sha256, size_bytes, url } = manifestDocument();
  return {
    slug: 'demo',
    name: { en: 'Demo', de: 'Probe' },
    description: { en: 'Shows how it is done.' },
    category: { en: 'Examples' },
    primary_locale: 'en',
    current_version: '1.2.0',
    download_url: `https://releases.example${url}`,
    sha256,
    size_bytes,
    requires_permissions: ['files.read'],
    info_url: 'https://demo.example/about',
    trust_level: 'official',
    signature: { key_id: envelope.manifest.key_id, sig: envelope.signature, manifest: envelope.manifest },
    ...changes,
  } as SignableObject;
}

/** An honest catalogue of collection `addons`, without its signatures, with `changes`. */
export async function catalogueDocument(changes: SignableObject = {}): Promise<SignableObject> {
  return {
    catalogue_schema_version: 1,
    collection: { slug: 'addons', name: { en: 'Add-ons' }, description: { en: '' }, primary_locale: 'en' },
    version: 4,
    issued_at: '2027-01-14T00:00:00Z',
    expires_at: '2027-01-21T00:00:00Z',
    key_id: serverKey.keyId,
    modules: [await catalogueEntry()],
    ...changes,
  };
}

/** A signed catalogue, by the server's key unless told otherwise. */
export async function signCatalogue(changes: SignableObject = {}, signer: Signer = serverKey): Promise<string> {
  const document = await catalogueDocument(changes);
  const sig = encodeBase64(await signer.sign(encodeCanonical(document)));
  return encodeCanonicalText({ ...document, signature: sig, signatures: [{ key_id: signer.keyId, sig }] });
}
