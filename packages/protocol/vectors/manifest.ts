/** Vectors of manifest verification, under a trust list that is verified first, against what was seen and is installed. */
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { encodeCanonical, encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { digestHex, encodeEnvelope } from '@signpost/protocol/updates/envelope';
import {
  aliceKey,
  bobKey,
  fileBytes,
  manifestDocument,
  now,
  rootA,
  serverKey,
  signManifest,
  signTrust,
  signWithoutNonce,
  strangerKey,
  trustedKeyEntry,
} from '../test/documents.ts';

interface Given {
  /** Changes to the trust list. */
  readonly trust?: SignableObject;
  readonly channel?: string;
  readonly previous?: { readonly epoch: number; readonly counter: number; readonly digest: string };
  readonly installedVersion?: string;
  readonly maxAgeMs?: number;
  readonly now?: number;
}

/** A manifest envelope, what it is judged against, and the decision. */
export interface ManifestVector {
  readonly name: string;
  readonly now: number;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly trust: string;
  readonly project: string;
  readonly channel: string;
  readonly previous: Given['previous'] | null;
  readonly installed_version: string | null;
  readonly max_age_ms: number | null;
  readonly envelope: string;
  readonly expect:
    | { readonly accepted: { readonly version: string; readonly counter: number; readonly digest: string } }
    | { readonly refused: TrustErrorCode };
}

async function createVector(name: string, envelope: string, given: Given): Promise<Omit<ManifestVector, 'expect'>> {
  return {
    name,
    now: given.now ?? now,
    roots: [rootA.pubkeyB64],
    threshold: 1,
    trust: await signTrust(given.trust),
    project: 'demo',
    channel: given.channel ?? 'stable',
    previous: given.previous ?? null,
    installed_version: given.installedVersion ?? null,
    max_age_ms: given.maxAgeMs ?? null,
    envelope,
  };
}

async function accept(name: string, envelope: string | Promise<string>, given: Given = {}): Promise<ManifestVector> {
  const text = await envelope;
  const { manifest } = parseSignableText(text) as { manifest: SignableObject & { version: string; counter: number } };
  const accepted = { version: manifest.version, counter: manifest.counter, digest: await digestOf(manifest) };
  return { ...(await createVector(name, text, given)), expect: { accepted } };
}

async function refuse(
  name: string,
  refused: TrustErrorCode,
  envelope: string | Promise<string>,
  given: Given = {},
): Promise<ManifestVector> {
  return { ...(await createVector(name, await envelope, given)), expect: { refused } };
}

async function digestOf(document: SignableObject): Promise<string> {
  return digestHex(new TextEncoder().encode(encodeCanonicalText(document)));
}

/** The envelope with something beside it that names a log, in the form of a proof and without being one. */
async function withLog(envelope: Promise<string>): Promise<string> {
  const log = { index: 0, hashes: [], checkpoint: 'updates.example/log\n', organisation: 'default' };
  return encodeCanonicalText({ ...(parseSignableText(await envelope) as SignableObject), log });
}

/** The envelope as a sender of the older format writes it. */
async function withoutSignatures(envelope: Promise<string>): Promise<string> {
  const { signatures: _, ...older } = parseSignableText(await envelope) as SignableObject;
  return encodeCanonicalText(older);
}

const maintainer = { custody: 'maintainer', scope: ['project:demo'] };
const twoMaintainers: SignableObject = {
  valid_keys: [trustedKeyEntry(serverKey), trustedKeyEntry(aliceKey, maintainer), trustedKeyEntry(bobKey, maintainer)],
  projects: [{ project: 'demo', approvals: 2, counter_epoch: 0 }],
};
const epochTwo: SignableObject = { projects: [{ project: 'demo', approvals: 0, counter_epoch: 2 }] };
const seenDigest = 'ab'.repeat(32);
const day = 86_400_000;

export async function manifestVectors(): Promise<readonly ManifestVector[]> {
  return [
    ...(await acceptedManifests()),
    ...(await refusedNames()),
    ...(await refusedKeys()),
    ...(await refusedSignatures()),
    ...(await refusedTimes()),
    ...(await refusedHistories()),
    ...(await refusedShapes()),
  ];
}

async function acceptedManifests(): Promise<ManifestVector[]> {
  const digest = await digestOf(manifestDocument());
  const byAlice = { key_id: aliceKey.keyId };
  return [
    await accept('signed by a key of the server', signManifest()),
    await accept('the older format, without signatures', withoutSignatures(signManifest())),
    await accept('the older format in full: no channel, no expiry', withoutSignatures(signManifest(olderMembers))),
    await accept('a key for this project only', signManifest(), {
      trust: { valid_keys: [trustedKeyEntry(serverKey, { scope: ['project:demo'] })] },
    }),
    await accept('two maintainers where two must sign', signManifest(byAlice, [aliceKey, bobKey]), {
      trust: twoMaintainers,
    }),
    await accept("signature is the named key's, wherever it stands", signManifest(byAlice, [bobKey, aliceKey]), {
      trust: twoMaintainers,
    }),
    await accept('a server key named, two maintainers beside it', signManifest({}, [serverKey, aliceKey, bobKey]), {
      trust: twoMaintainers,
    }),
    await accept('a beta', signManifest({ channel: 'beta' }), { channel: 'beta' }),
    await accept('the manifest seen before', signManifest(), { previous: { epoch: 0, counter: 7, digest } }),
    await accept('a higher counter', signManifest(), { previous: { epoch: 0, counter: 6, digest: seenDigest } }),
    await accept('a higher epoch with a lower counter', signManifest({ counter: 1, counter_epoch: 2 }), {
      trust: epochTwo,
      previous: { epoch: 1, counter: 9_007_199_254_740_991, digest: seenDigest },
    }),
    await accept('min_version reached', signManifest({ min_version: '1.1.0' }), { installedVersion: '1.1.0' }),
    await accept('every optional member', signManifest(everyMember)),
    await accept('a member that this version does not know', signManifest({ later: { a: 1 } })),
    await accept('a log beside it, where nobody asks for one', withLog(signManifest())),
    await accept('one day ahead of our clock', signManifest({ signed_at: '2027-01-16T12:00:00Z' })),
  ];
}

const olderMembers: SignableObject = { channel: undefined, expires_at: undefined };
const file: SignableObject = {
  name: 'demo.zip',
  platform: 'any',
  media_type: 'application/zip',
  sha256: String(manifestDocument().sha256),
  sha512: 'cd'.repeat(64),
  size_bytes: fileBytes.length,
  url: '/demo/1.2.0/demo.zip',
};
const everyMember: SignableObject = {
  counter_epoch: 0,
  artifacts: [file],
  min_version: '1.0.0',
  scan: {
    status: 'clean',
    engine: 'ClamAV',
    engine_version: '1.4.3',
    signature_date: '2027-01-09T00:00:00Z',
    scanned_at: '2027-01-10T00:00:00Z',
  },
  evidence: {
    verdict: {
      result: 'waived',
      mode: 'enforce',
      policy_sha256: 'ef'.repeat(32),
      overrides: [{ rules: ['sbom'], reason: 'the tool is broken', expires_at: '2027-02-01T00:00:00Z' }],
    },
    documents: [
      { artifact: 'demo.zip', kind: 'bundle', sha256: 'ab'.repeat(32), url: '/api/projects/demo/evidence/ab' },
    ],
  },
  name: { en: 'Demo', de: 'Probe/Übung' },
  description: { 'zh-Hant': '示範 😀' },
  changelog: { en: 'Line one\nLine two' },
};

async function refusedNames(): Promise<ManifestVector[]> {
  return [
    await refuse('another project', 'wrong_project', signManifest({ project: 'other' })),
    await refuse('another channel', 'wrong_channel', signManifest({ channel: 'beta' })),
    await refuse('no channel where beta is asked for', 'wrong_channel', signManifest({ channel: undefined }), {
      channel: 'beta',
    }),
  ];
}

async function refusedKeys(): Promise<ManifestVector[]> {
  const stranger = signManifest({ key_id: strangerKey.keyId }, [strangerKey]);
  const withKey = (changes: SignableObject): Given => ({
    trust: { valid_keys: [trustedKeyEntry(serverKey, changes)] },
  });
  const revoked = { key_id: serverKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' };
  const later = { ...revoked, effective_from: '2028-01-01T00:00:00Z' };
  return [
    await refuse('a key that is not listed', 'key_unknown', stranger),
    await refuse('a root key', 'key_unknown', signManifest({ key_id: rootA.keyId }, [rootA])),
    await refuse('a revoked key that is also valid', 'key_revoked', signManifest(), {
      trust: { revoked_keys: [revoked] },
    }),
    await refuse('a revocation holds at once, whatever effective_from says', 'key_revoked', signManifest(), {
      trust: { revoked_keys: [later] },
    }),
    await refuse(
      'a key for another project',
      'key_out_of_scope',
      signManifest(),
      withKey({ scope: ['project:other'] }),
    ),
    await refuse(
      'a key for a collection of that name',
      'key_out_of_scope',
      signManifest(),
      withKey({ scope: ['collection:demo'] }),
    ),
    await refuse('a key for nothing', 'key_out_of_scope', signManifest(), withKey({ scope: [] })),
    await refuse(
      'a key before its window',
      'key_not_in_window',
      signManifest(),
      withKey({ not_before: '2027-01-15T12:00:00.001Z' }),
    ),
    await refuse(
      'a key at the end of its window',
      'key_not_in_window',
      signManifest(),
      withKey({ not_after: '2027-01-15T12:00:00Z' }),
    ),
  ];
}

async function refusedSignatures(): Promise<ManifestVector[]> {
  const two: Given = { trust: twoMaintainers };
  const byAlice = { key_id: aliceKey.keyId };
  const revokedBob = { key_id: bobKey.keyId, reason: 'left', revoked_at: '2027-01-14T00:00:00Z' };
  const flipped = (await signManifest()).replace('/demo/1.2.0/demo.zip', '/demo/1.2.0/demp.zip');
  return [
    await refuse('changed after signing', 'bad_signature', flipped),
    await refuse('a signature whose R is of small order', 'bad_signature', withoutNonce()),
    await refuse('signed by another key than it names', 'bad_signature', signManifest({}, [strangerKey])),
    await refuse('one maintainer where two must sign', 'bad_signature', signManifest(byAlice, [aliceKey]), two),
    await refuse('the server where two maintainers must sign', 'bad_signature', signManifest(), two),
    await refuse(
      'a maintainer and the server where two maintainers must sign',
      'bad_signature',
      signManifest({}, [serverKey, aliceKey]),
      two,
    ),
    await refuse(
      'the older format where two must sign',
      'bad_signature',
      withoutSignatures(signManifest(byAlice, [aliceKey])),
      two,
    ),
    await refuse('a revoked maintainer does not count', 'bad_signature', signManifest(byAlice, [aliceKey, bobKey]), {
      trust: { ...twoMaintainers, revoked_keys: [revokedBob] },
    }),
    await refuse(
      'two maintainers, but the named key did not sign',
      'bad_signature',
      signManifest({}, [aliceKey, bobKey]),
      two,
    ),
    await refuse(
      'signature is that of another signer than the named one',
      'bad_signature',
      await withOtherSignature(),
      two,
    ),
  ];
}

/** OpenSSL alone accepts it: clients must look at R themselves, or some would accept what others refuse. */
function withoutNonce(): string {
  const sig = signWithoutNonce('server', encodeCanonical(manifestDocument()));
  return encodeEnvelope('manifest', manifestDocument(), [{ key_id: serverKey.keyId, sig }]);
}

/** Both maintainers signed, but clients of the older format are shown the signature that they cannot verify. */
async function withOtherSignature(): Promise<string> {
  const envelope = parseSignableText(await signManifest({ key_id: aliceKey.keyId }, [aliceKey, bobKey])) as {
    readonly signatures: readonly { readonly key_id: string; readonly sig: string }[];
  };
  const signature = envelope.signatures.find(({ key_id }) => key_id === bobKey.keyId)?.sig;
  return encodeCanonicalText({ ...envelope, signature });
}

async function refusedTimes(): Promise<ManifestVector[]> {
  return [
    await refuse('expired at this very moment', 'manifest_stale', signManifest({ expires_at: '2027-01-15T12:00:00Z' })),
    await refuse('signed longer ago than the client allows', 'manifest_stale', signManifest(), { maxAgeMs: 5 * day }),
    await refuse(
      'signed more than a day ahead of our clock',
      'manifest_stale',
      signManifest({ signed_at: '2027-01-16T12:00:01Z' }),
    ),
    await refuse('an expired trust list', 'trust_expired', signManifest({ expires_at: undefined }), {
      now: Date.UTC(2030, 0, 1),
    }),
  ];
}

async function refusedHistories(): Promise<ManifestVector[]> {
  const seen = { epoch: 0, counter: 7, digest: seenDigest };
  const min = signManifest({ min_version: '1.1.0' });
  return [
    await refuse('a lower counter', 'manifest_replayed', signManifest({ counter: 6 }), { previous: seen }),
    await refuse('the same counter with other content', 'manifest_replayed', signManifest(), { previous: seen }),
    await refuse('a lower epoch than seen', 'manifest_replayed', signManifest({ counter: 99 }), {
      previous: { ...seen, epoch: 1 },
    }),
    await refuse("another epoch than the trust list's", 'manifest_replayed', signManifest(), { trust: epochTwo }),
    await refuse("a higher epoch than the trust list's", 'manifest_replayed', signManifest({ counter_epoch: 1 })),
    await refuse('min_version not reached', 'version_unsupported', min, { installedVersion: '1.1.0-rc.1' }),
    await refuse('min_version that cannot be compared', 'version_unsupported', min, { installedVersion: 'monday' }),
  ];
}

async function refusedShapes(): Promise<ManifestVector[]> {
  const shapes: readonly [string, TrustErrorCode, SignableObject][] = [
    ['schema version 1', 'malformed', { manifest_schema_version: 1 }],
    ['schema version as text', 'malformed', { manifest_schema_version: '2' }],
    ['no project', 'malformed', { project: undefined }],
    ['counter zero', 'malformed', { counter: 0 }],
    ['a version with a slash', 'malformed', { version: '1/2' }],
    ['a digest in upper case', 'malformed', { sha256: 'AB'.repeat(32) }],
    ['a size below zero', 'malformed', { size_bytes: -1 }],
    ['a URL with a host', 'malformed', { url: 'https://evil.example/demo.zip' }],
    ['a URL with a host but no scheme', 'malformed', { url: '//evil.example/demo.zip' }],
    ['a URL with a backslash', 'malformed', { url: '/\\evil.example/demo.zip' }],
    ['a URL that climbs', 'malformed', { url: '/demo/../x' }],
    ['a URL that climbs in disguise', 'malformed', { url: '/demo/%2E%2e/x' }],
    ['a URL with a hidden slash', 'malformed', { url: '/demo/%2f/x' }],
    ['a URL with a query', 'malformed', { url: '/demo/x?y' }],
    ['a URL with a lone percent sign', 'malformed', { url: '/demo/100%' }],
    ['a URL that ends in a line feed', 'malformed', { url: '/demo/x\n' }],
    ['a URL of 1025 characters', 'too_large', { url: `/${'x'.repeat(1024)}` }],
    ['artifacts without the main file', 'malformed', { artifacts: [{ ...file, url: '/demo/1.2.0/other.zip' }] }],
    ['artifacts of the same name', 'malformed', { artifacts: [file, file] }],
    ['an artifact with a path for a name', 'malformed', { artifacts: [{ ...file, name: '../demo.zip' }] }],
    ['a scan that found something', 'malformed', { scan: { status: 'infected' } }],
    ['evidence that names no documents', 'malformed', { evidence: { later: 1 } }],
    ['a verdict of another word', 'malformed', { evidence: { documents: [], verdict: { result: 'skipped' } } }],
    ['a changelog that is no map', 'malformed', { changelog: 'text' }],
    ['a changelog in no language', 'malformed', { changelog: { __proto__x: 'text' } }],
  ];
  return Promise.all([
    ...shapes.map(([name, code, changes]) => refuse(name, code, signManifest(changes))),
    refuse('a trust list in its place', 'malformed', (await signManifest()).replace('"manifest":', '"trust":')),
    refuse(
      'a counter with a fraction',
      'not_canonical',
      (await signManifest()).replace('"counter":7', '"counter":7.0'),
    ),
    refuse('no signature', 'malformed', encodeCanonicalText({ manifest: manifestDocument() })),
    refuse(
      'a signature of 63 bytes',
      'malformed',
      encodeEnvelope('manifest', manifestDocument(), [{ key_id: serverKey.keyId, sig: 'A'.repeat(84) }]),
    ),
  ]);
}
