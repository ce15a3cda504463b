/** Vectors of trust list verification. */
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { digestHex, encodeEnvelope } from '@signpost/protocol/updates/envelope';
import {
  aliceKey,
  describeKey,
  logKey,
  now,
  pushKey,
  pushKeyEntry,
  rootA,
  rootB,
  rootC,
  serverKey,
  signTrust,
  strangerKey,
  trustDocument,
  trustedKeyEntry,
  trustedLogEntry,
} from '../test/documents.ts';

interface Given {
  readonly roots?: readonly Signer[];
  readonly threshold?: number;
  readonly previous?: { readonly version: number; readonly digest: string };
  readonly now?: number;
}

/** A trust list envelope, what it is judged against, and the decision. */
export interface TrustListVector {
  readonly name: string;
  readonly now: number;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly previous: { readonly version: number; readonly digest: string } | null;
  readonly envelope: string;
  readonly expect:
    | { readonly accepted: { readonly version: number; readonly digest: string } }
    | { readonly refused: TrustErrorCode };
}

function createVector(name: string, envelope: string, given: Given): Omit<TrustListVector, 'expect'> {
  const { roots = [rootA], threshold = 1, previous = null } = given;
  return { name, now: given.now ?? now, roots: roots.map(({ pubkeyB64 }) => pubkeyB64), threshold, previous, envelope };
}

async function accept(name: string, envelope: string | Promise<string>, given: Given = {}): Promise<TrustListVector> {
  const text = await envelope;
  const { trust } = parseSignableText(text) as { trust: SignableObject & { trust_version: number } };
  const accepted = { version: trust.trust_version, digest: await digestOf(trust) };
  return { ...createVector(name, text, given), expect: { accepted } };
}

async function refuse(
  name: string,
  refused: TrustErrorCode,
  envelope: string | Promise<string>,
  given: Given = {},
): Promise<TrustListVector> {
  return { ...createVector(name, await envelope, given), expect: { refused } };
}

async function digestOf(document: SignableObject): Promise<string> {
  return digestHex(new TextEncoder().encode(encodeCanonicalText(document)));
}

function rootMembers(signers: readonly Signer[], threshold: number): SignableObject {
  return { root_keys: signers.map(describeKey), threshold };
}

/** The envelope as a sender of the older format writes it. */
async function withoutSignatures(envelope: Promise<string>): Promise<string> {
  const { signatures: _, ...older } = parseSignableText(await envelope) as SignableObject;
  return encodeCanonicalText(older);
}

/** The envelope with its `signature` replaced by another. */
async function withSignature(envelope: Promise<string>, signature: string): Promise<string> {
  return encodeCanonicalText({ ...(parseSignableText(await envelope) as SignableObject), signature });
}

const zeroSignature = `${'A'.repeat(86)}==`;
const revocation = { ...describeKey(strangerKey), reason: 'laptop stolen', revoked_at: '2027-01-02T00:00:00Z' };

export async function trustListVectors(): Promise<readonly TrustListVector[]> {
  return [
    ...(await acceptedLists()),
    ...(await refusedSignatures()),
    ...(await refusedHistories()),
    ...(await refusedShapes()),
  ];
}

async function acceptedLists(): Promise<TrustListVector[]> {
  const digest = await digestOf(trustDocument());
  const changed = rootMembers([rootB, rootC], 2);
  return [
    await accept('a list signed by the one root', signTrust()),
    await accept('the older format, without signatures', withoutSignatures(signTrust())),
    await accept('white space in the envelope', JSON.stringify(JSON.parse(await signTrust()), null, 1)),
    await accept('two of three roots', signTrust({}, [rootC, rootA]), { roots: [rootA, rootB, rootC], threshold: 2 }),
    await accept('a signature by a key that is no root is passed over', signTrust({}, [rootA, strangerKey])),
    await accept('the list accepted before', signTrust(), { previous: { version: 3, digest } }),
    await accept('a higher version', signTrust({ trust_version: 4 }), { previous: { version: 3, digest } }),
    await accept('new roots, signed by the old and the new', signTrust(changed, [rootA, rootB, rootC])),
    await accept('new roots seen by a client that pins them', signTrust(changed, [rootA, rootB, rootC]), {
      roots: [rootB, rootC],
      threshold: 2,
    }),
    await accept('every optional member', signTrust(everyMember())),
    await accept('a push key beside the keys for manifests', signTrust({ push_keys: [pushKeyEntry(pushKey)] })),
    await accept(
      'a revoked push key',
      signTrust({ push_keys: [pushKeyEntry(strangerKey)], revoked_keys: [revocation] }),
    ),
    await accept('no push keys in their list', signTrust({ push_keys: [] })),
    await accept('a log with a key of its own', signTrust({ log: trustedLogEntry() })),
    await accept(
      'a log whose key is revoked',
      signTrust({ log: trustedLogEntry(strangerKey), revoked_keys: [revocation] }),
    ),
    await accept('a member that this version does not know', signTrust({ later: [1] })),
    await accept('one millisecond before it expires', signTrust(), { now: Date.UTC(2029, 0, 1) - 1 }),
  ];
}

function everyMember(): SignableObject {
  const window = { not_before: '2027-01-01T00:00:00.5Z', not_after: '2028-01-01T00:00:00+00:00' };
  return {
    ...rootMembers([rootA], 1),
    valid_keys: [
      trustedKeyEntry(aliceKey, { custody: 'maintainer', scope: ['project:demo', 'collection:mods'], ...window }),
    ],
    revoked_keys: [{ ...revocation, effective_from: '2026-12-01T00:00:00Z' }],
    push_keys: [pushKeyEntry(pushKey, window)],
    log: trustedLogEntry(),
    projects: [{ project: 'demo', approvals: 1, counter_epoch: 2 }],
  };
}

async function refusedSignatures(): Promise<TrustListVector[]> {
  const threeRoots = { roots: [rootA, rootB, rootC], threshold: 2 };
  const twice = encodeEnvelope('trust', trustDocument(), await duplicateSignature());
  const moved = (await signTrust()).replace('"a key"', '"b key"');
  const newRoots = rootMembers([rootB, rootC], 2);
  return [
    await refuse('signed by another root', 'bad_signature', signTrust({}, [rootB])),
    await refuse('one of three roots where two must sign', 'bad_signature', signTrust({}, [rootB]), threeRoots),
    await refuse('one root twice where two must sign', 'malformed', twice, threeRoots),
    await refuse('changed after signing', 'bad_signature', moved),
    await refuse('the older format where two must sign', 'bad_signature', withoutSignatures(signTrust()), threeRoots),
    await refuse(
      'a signature of zeros',
      'bad_signature',
      encodeEnvelope('trust', trustDocument(), [{ key_id: rootA.keyId, sig: zeroSignature }]),
    ),
    await refuse('signature is none of signatures', 'malformed', withSignature(signTrust(), zeroSignature)),
    await refuse('signature is a broken one of a root', 'bad_signature', await withBrokenFirst(), {
      roots: [rootA, rootB],
    }),
    await refuse('new roots that the old ones did not sign', 'bad_signature', signTrust(newRoots, [rootB, rootC])),
    await refuse('new roots of which too few signed', 'root_not_trusted', signTrust(newRoots, [rootA, rootB])),
  ];
}

async function duplicateSignature(): Promise<readonly { key_id: string; sig: string }[]> {
  const { signatures } = parseSignableText(await signTrust({}, [rootA])) as {
    signatures: readonly { key_id: string; sig: string }[];
  };
  return [...signatures, ...signatures];
}

async function withBrokenFirst(): Promise<string> {
  const signatures = await duplicateSignature();
  return encodeEnvelope('trust', trustDocument(), [
    { key_id: rootB.keyId, sig: zeroSignature },
    ...signatures.slice(1),
  ]);
}

async function refusedHistories(): Promise<TrustListVector[]> {
  const previous = { version: 3, digest: 'ab'.repeat(32) };
  return [
    await refuse('a lower version', 'trust_replayed', signTrust({ trust_version: 2 }), { previous }),
    await refuse('the same version with other content', 'trust_replayed', signTrust(), { previous }),
    await refuse('expired at this very moment', 'trust_expired', signTrust(), { now: Date.UTC(2029, 0, 1) }),
  ];
}

async function refusedShapes(): Promise<TrustListVector[]> {
  const key = trustedKeyEntry(serverKey);
  const shapes: readonly [string, TrustErrorCode, SignableObject][] = [
    ['no trust_version', 'malformed', { trust_version: undefined }],
    ['trust_version zero', 'malformed', { trust_version: 0 }],
    ['trust_version as text', 'malformed', { trust_version: '3' }],
    ['no expires_at', 'malformed', { expires_at: undefined }],
    ['a time with an offset', 'malformed', { expires_at: '2029-01-01T00:00:00+01:00' }],
    ['a day that does not exist', 'malformed', { expires_at: '2029-02-30T00:00:00Z' }],
    ['a time with a line feed after it', 'malformed', { expires_at: '2029-01-01T00:00:00Z\n' }],
    ['a key whose id is not its digest', 'malformed', { valid_keys: [{ ...key, key_id: rootA.keyId }] }],
    ['a key of 31 bytes', 'malformed', { valid_keys: [{ ...key, pubkey_b64: `${'A'.repeat(40)}AA==` }] }],
    ['a key of small order', 'malformed', { valid_keys: [{ ...key, ...(await smallOrderKey()) }] }],
    ['base64 with bits left over', 'malformed', { valid_keys: [{ ...key, pubkey_b64: `${'A'.repeat(42)}B=` }] }],
    ['a scope of no kind', 'malformed', { valid_keys: [{ ...key, scope: ['team:demo'] }] }],
    ['a custody of no kind', 'malformed', { valid_keys: [{ ...key, custody: 'cloud' }] }],
    ['the same key twice', 'malformed', { valid_keys: [key, key] }],
    ['a label of 101 characters', 'too_large', { valid_keys: [{ ...key, label: 'x'.repeat(101) }] }],
    ['a root among the valid keys', 'malformed', { valid_keys: [trustedKeyEntry(rootA)] }],
    ['a root among the push keys', 'malformed', { push_keys: [pushKeyEntry(rootA)] }],
    [
      'a new root among the push keys',
      'malformed',
      { ...rootMembers([rootA, rootB], 1), push_keys: [pushKeyEntry(rootB)] },
    ],
    ['a key for manifests among the push keys', 'malformed', { push_keys: [pushKeyEntry(serverKey)] }],
    ['the same push key twice', 'malformed', { push_keys: [pushKeyEntry(pushKey), pushKeyEntry(pushKey)] }],
    ['nine push keys', 'too_large', { push_keys: Array.from({ length: 9 }, () => pushKeyEntry(pushKey)) }],
    [
      'a push key whose id is not its digest',
      'malformed',
      { push_keys: [pushKeyEntry(pushKey, { key_id: rootA.keyId })] },
    ],
    ['a push key without a label', 'malformed', { push_keys: [pushKeyEntry(pushKey, { label: undefined })] }],
    ['a log whose key is a root', 'malformed', { log: trustedLogEntry(rootA) }],
    ['a log whose key is a new root', 'malformed', { ...rootMembers([rootA, rootB], 1), log: trustedLogEntry(rootB) }],
    ['a log whose key signs manifests', 'malformed', { log: trustedLogEntry(serverKey) }],
    [
      'a log whose key is a push key',
      'malformed',
      { push_keys: [pushKeyEntry(pushKey)], log: trustedLogEntry(pushKey) },
    ],
    ['a log whose key has the id of another', 'malformed', { log: { ...trustedLogEntry(), key_id: rootA.keyId } }],
    ['a log without an origin', 'malformed', { log: describeKey(logKey) }],
    ['a log with a plus in its origin', 'malformed', { log: trustedLogEntry(logKey, 'a+b') }],
    ['a log with an origin of two lines', 'malformed', { log: trustedLogEntry(logKey, 'a\nb') }],
    ['a log that is a list', 'malformed', { log: [trustedLogEntry()] }],
    ['a threshold above the number of roots', 'malformed', rootMembers([rootA], 2)],
    ['the same root twice', 'malformed', rootMembers([rootA, rootA], 1)],
    ['a threshold without roots', 'malformed', { threshold: 1 }],
    ['roots without a threshold', 'malformed', { root_keys: [] }],
    ['a revocation without a date', 'malformed', { revoked_keys: [{ key_id: serverKey.keyId, reason: 'lost' }] }],
    ['two rules for one project', 'malformed', { projects: [projectRule, projectRule] }],
  ];
  const vectors = shapes.map(([name, code, changes]) => refuse(name, code, signTrust(changes)));
  return [
    ...(await Promise.all(vectors)),
    await refuse(
      'an empty object in an unknown member',
      'not_canonical',
      (await signTrust()).replace('"trust":{', '"trust":{"later":{},'),
    ),
    await refuse(
      'a version with a fraction',
      'not_canonical',
      (await signTrust()).replace('"trust_version":3', '"trust_version":3.0'),
    ),
    await refuse('33 signatures', 'too_large', await withManySignatures()),
    await refuse(
      'an empty list of signatures',
      'malformed',
      (await signTrust()).replace(/"signatures":\[.*?\]/, '"signatures":[]'),
    ),
    await refuse('no envelope', 'malformed', '[]'),
    await refuse('a manifest in its place', 'malformed', (await signTrust()).replace('"trust":', '"manifest":')),
  ];
}

const projectRule: SignableObject = { project: 'demo', approvals: 0, counter_epoch: 0 };

async function smallOrderKey(): Promise<SignableObject> {
  const raw = new Uint8Array(32).fill(0);
  return { key_id: await digestHex(raw), pubkey_b64: `${'A'.repeat(43)}=` };
}

async function withManySignatures(): Promise<string> {
  const [first] = await duplicateSignature();
  const others = Array.from({ length: 32 }, (_, index) => ({
    key_id: index.toString(16).padStart(64, '0'),
    sig: zeroSignature,
  }));
  return encodeEnvelope('trust', trustDocument(), first ? [first, ...others] : others);
}
