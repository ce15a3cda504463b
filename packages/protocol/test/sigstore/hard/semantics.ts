/** What a caller asks for: whose signature, of which artifact, and how much evidence. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import { importPublicKey, importSubjectKey } from '@signpost/protocol/keys/verification-key';
import { artifact, certify, describeStatement, digestHex, type Recipe } from '../mint/bundle.ts';
import { describeClaims, releaseClaims } from '../mint/claims.ts';
import type { Json } from '../mint/json.ts';
import { byKey } from './accepted.ts';
import { bytes, type HardCase, policy, usualIdentity } from './judge.ts';

const everyRule = {
  ...usualIdentity,
  workflow: '.github/workflows/release.yml',
  repository: releaseClaims.sourceRepositoryUri,
  repository_id: releaseClaims.sourceRepositoryIdentifier,
  owner: releaseClaims.sourceRepositoryOwnerUri,
  owner_id: releaseClaims.sourceRepositoryOwnerIdentifier,
  ref: { pattern: 'refs/tags/v*' },
  trigger: ['push', 'workflow_dispatch'],
  runner: 'github-hosted',
  visibility: 'public',
};

function identity(name: string, ...identities: readonly object[]): HardCase {
  return { name, wanted: 'identity_mismatch', require: { signer: policy({}, ...identities) } };
}

/** The certificate makes other claims than the policy wants. */
function claims(name: string, changes: Partial<typeof releaseClaims> | Readonly<Record<string, string>>): HardCase {
  return {
    name,
    wanted: 'identity_mismatch',
    recipe: { certificate: { claims: describeClaims({ ...releaseClaims, ...changes }) } },
    require: { signer: policy({}, everyRule) },
  };
}

const { issuer, subject } = usualIdentity;

const identities: readonly HardCase[] = [
  { name: 'a signer of whom every rule holds', wanted: 'accepted', require: { signer: policy({}, everyRule) } },
  {
    name: 'a signer like a pattern',
    wanted: 'accepted',
    require: {
      signer: policy(
        {},
        { issuer, subject: { pattern: 'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*' } },
      ),
    },
  },
  identity('a part of the subject', { issuer, subject: subject.slice(0, 30) }),
  identity('a subject with a dot for any character', { issuer, subject: subject.replace('.yml', 'xyml') }),
  identity('a subject that would match as an expression', { issuer, subject: 'https://github.com/acme/.*' }),
  identity('a pattern for the beginning', { issuer, subject: { pattern: 'https://github.com/acme/*' } }),
  identity('a pattern of another account that begins alike', {
    issuer,
    subject: { pattern: 'https://github.com/acm/**' },
  }),
  identity('another issuer', { issuer: 'https://accounts.google.com', subject }),
  identity('an issuer with a slash behind it', { issuer: `${issuer}/`, subject }),
  identity(
    'two identities, neither of which is the signer',
    { issuer, subject: 'ada@acme.example' },
    { issuer: 'https://a.example', subject },
  ),
  claims('the right owner by name, another by number', { sourceRepositoryOwnerIdentifier: '9999' }),
  claims('the right repository by name, another by number', { sourceRepositoryIdentifier: '9999' }),
  claims('another repository', { sourceRepositoryUri: 'https://github.com/acme/app2' }),
  claims('another workflow of the same repository', {
    buildConfigUri: 'https://github.com/acme/app/.github/workflows/test.yml@refs/tags/v1.2.3',
  }),
  claims('a branch', { sourceRepositoryRef: 'refs/heads/main' }),
  claims('a tag with a slash', { sourceRepositoryRef: 'refs/tags/v1/evil' }),
  claims('another trigger', { buildTrigger: 'pull_request_target' }),
  claims("a runner of one's own", { runnerEnvironment: 'self-hosted' }),
  claims('a private repository', { sourceRepositoryVisibility: 'private' }),
  claims('no number of the owner', { sourceRepositoryOwnerIdentifier: '' }),
];

const otherKey = async () => ({
  signer: { kind: 'key' as const, key: await importPublicKey((await certify()).signer.subjectKey.spki) },
});

const keys: readonly HardCase[] = [
  { name: 'a certificate, where a key is asked for', wanted: 'identity_mismatch', require: byKey },
  { name: 'a key, where a certificate is asked for', wanted: 'identity_mismatch', recipe: { byKey: true } },
  { name: 'another key, in Rekor v2', wanted: 'log_entry_mismatch', recipe: { byKey: true }, require: otherKey },
  {
    name: 'another key, without a log',
    wanted: 'bad_signature',
    recipe: { byKey: true, log: 'none' },
    require: async () => ({
      signer: { ...(await otherKey()).signer, minimums: { logEntries: 0, scts: 0, timestamps: 0 } },
    }),
  },
  {
    name: 'a key of RSA 1024',
    wanted: 'algorithm_unsupported',
    recipe: { byKey: true },
    require: async () => ({ signer: { kind: 'key', key: await importSubjectKey(parseSubjectKey(await weakKey())) } }),
  },
];

async function weakKey(): Promise<Uint8Array<ArrayBuffer>> {
  const pair = (await globalThis.crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair;
  return new Uint8Array(await globalThis.crypto.subtle.exportKey('spki', pair.publicKey));
}

const other = encodeText('another artifact\n');

async function* streamOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function about(...subjects: readonly Json[]): Promise<Recipe> {
  return { content: 'statement', statement: await describeStatement(subjects) };
}

const sha256 = await digestHex(artifact);
const sha512 = await digestHex(artifact, 'SHA-512');
const zeros = '0'.repeat(64);

const artifacts: readonly HardCase[] = [
  { name: 'another artifact, by its bytes', wanted: 'digest_mismatch', require: { artifact: bytes(other) } },
  {
    name: 'another artifact, by its stream',
    wanted: 'digest_mismatch',
    require: async () => ({ artifact: { kind: 'stream', stream: streamOf(other) } }),
  },
  {
    name: 'another artifact, by its digest',
    wanted: 'digest_mismatch',
    require: { artifact: { kind: 'digests', digests: { sha256: new Uint8Array(32) } } },
  },
  {
    name: 'an artifact by a digest that the bundle does not have',
    wanted: 'digest_mismatch',
    require: { artifact: { kind: 'digests', digests: { sha512: Buffer.from(sha512, 'hex') } } },
  },
  { name: 'an empty artifact', wanted: 'digest_mismatch', require: { artifact: bytes(new Uint8Array()) } },
  {
    name: 'a bundle whose digest was changed to that of another artifact',
    wanted: 'log_entry_mismatch',
    recipe: async () => ({
      bundle: [['messageSignature.messageDigest.digest', encodeBase64(Buffer.from(await digestHex(other), 'hex'))]],
    }),
    require: { artifact: bytes(other) },
  },
  {
    name: 'a statement about another artifact',
    wanted: 'subject_mismatch',
    recipe: { content: 'statement' },
    require: { artifact: bytes(other) },
  },
  {
    name: 'a statement about others alone',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { sha256: zeros } }, { digest: { sha256: 'f'.repeat(64) } }),
  },
  {
    name: 'a statement with the right SHA-256 and another SHA-512',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { sha256, sha512: '0'.repeat(128) } }),
  },
  {
    name: 'a statement that splits the digests between two subjects',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { sha256, sha512: '0'.repeat(128) } }, { digest: { sha512, sha256: zeros } }),
  },
  {
    name: 'a statement with the SHA-1 alone',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { sha1: '0'.repeat(40) } }),
  },
  {
    name: 'a statement with a git commit alone',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { gitCommit: '0'.repeat(40) } }),
  },
  {
    name: 'a statement with the SHA-512, held against a SHA-256',
    wanted: 'subject_mismatch',
    recipe: () => about({ digest: { sha512 } }),
    require: { artifact: { kind: 'digests', digests: { sha256: Buffer.from(sha256, 'hex') } } },
  },
  { name: 'a statement without subjects', wanted: 'malformed', recipe: () => about() },
  {
    name: 'a statement with a subject without digests',
    wanted: 'malformed',
    recipe: () => about({ digest: { sha256 } }, { name: 'x' }),
  },
  {
    name: 'a statement with a digest in upper case',
    wanted: 'malformed',
    recipe: () => about({ digest: { sha256: sha256.toUpperCase() } }),
  },
  {
    name: 'a statement with a thousand subjects too many',
    wanted: 'too_large',
    recipe: () => about(...Array(2024).fill({ digest: { sha256 } })),
  },
  {
    name: 'a statement of a later version',
    wanted: 'malformed',
    recipe: async () => ({
      content: 'statement',
      statement: { ...(await describeStatement()), _type: 'https://in-toto.io/Statement/v2' },
    }),
  },
  {
    name: 'a signature with a number that is padded, timestamped and logged so',
    wanted: 'malformed',
    recipe: { signature: padNumber },
  },
  {
    name: 'a signature with octets behind it, timestamped and logged so',
    wanted: 'malformed',
    recipe: { signature: (signature) => Uint8Array.of(...signature, 0) },
  },
  {
    name: 'an Ed25519 signature of an artifact whose digest alone is known',
    wanted: 'algorithm_unsupported',
    recipe: {
      hash: 'SHA-512',
      certificate: { keyType: { kind: 'ed25519' } },
      entry: [['spec.hashedRekordV002.signature.verifier.keyDetails', 'PKIX_ED25519']],
    },
    require: { artifact: { kind: 'digests', digests: { sha512: Buffer.from(sha512, 'hex') } } },
  },
  {
    name: 'a signature that was changed to its twin',
    wanted: 'timestamp_invalid',
    recipe: {
      bundle: [['messageSignature.signature', (value) => encodeBase64(turnTwin(Buffer.from(String(value), 'base64')))]],
    },
  },
];

/** A zero before r, which DER does not write. */
function padNumber(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const [tag = 0, length = 0, type = 0, size = 0, ...rest] = signature;
  return Uint8Array.of(tag, length + 1, type, size + 1, 0, ...rest);
}

/** ECDSA: (r, n − s) verifies where (r, s) does. */
function turnTwin(signature: Uint8Array): Uint8Array {
  const rBytes = signature[3] ?? 0;
  const r = signature.slice(2, 4 + rBytes);
  const s = BigInt(`0x${Buffer.from(signature.slice(6 + rBytes)).toString('hex')}`);
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const hex = (order - s).toString(16).padStart(64, '0');
  const raw = Buffer.from(hex, 'hex');
  const positive =
    (raw[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...raw) : raw.subarray(raw.findIndex((octet) => octet !== 0));
  const body = Uint8Array.of(...r, 2, positive.length, ...positive);
  return Uint8Array.of(0x30, body.length, ...body);
}

/** The cases. */
export const semanticCases: readonly HardCase[] = [...identities, ...keys, ...artifacts];
