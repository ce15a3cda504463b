/** Vectors of catalogues: the whole and each of its entries, under a trust list that is verified first, against what was seen. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { encodeAuthorSignature, encodeAuthorStatement } from '@signpost/protocol/updates/author';
import { digestHex } from '@signpost/protocol/updates/envelope';
import {
  aliceKey,
  bobKey,
  catalogueDocument,
  catalogueEntry,
  manifestDocument,
  now,
  rootA,
  serverKey,
  signCatalogue,
  signManifest,
  signTrust,
  strangerKey,
  trustedKeyEntry,
} from '../test/documents.ts';

interface Given {
  /** Changes to the trust list. */
  readonly trust?: SignableObject;
  readonly previous?: { readonly epoch: number; readonly version: number; readonly digest: string };
  readonly now?: number;
}

/** A catalogue, what it is judged against, and the decision on it and every entry in it. */
export interface CatalogueVector {
  readonly name: string;
  readonly now: number;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly trust: string;
  readonly collection: string;
  readonly base: string;
  readonly previous: NonNullable<Given['previous']> | null;
  readonly envelope: string;
  readonly expect:
    | { readonly accepted: { readonly version: number; readonly digest: string } }
    | { readonly refused: TrustErrorCode };
}

async function createVector(name: string, envelope: string, given: Given): Promise<Omit<CatalogueVector, 'expect'>> {
  return {
    name,
    now: given.now ?? now,
    roots: [rootA.pubkeyB64],
    threshold: 1,
    trust: await signTrust(given.trust),
    collection: 'addons',
    base: 'https://releases.example',
    previous: given.previous ?? null,
    envelope,
  };
}

async function accept(name: string, changes: SignableObject = {}, given: Given = {}): Promise<CatalogueVector> {
  const envelope = await signCatalogue(changes);
  const document = await catalogueDocument(changes);
  const accepted = { version: Number(document.version), digest: await digestOf(document) };
  return { ...(await createVector(name, envelope, given)), expect: { accepted } };
}

async function refuse(
  name: string,
  refused: TrustErrorCode,
  envelope: Promise<string> | SignableObject,
  given: Given = {},
): Promise<CatalogueVector> {
  const text = envelope instanceof Promise ? await envelope : await signCatalogue(envelope);
  return { ...(await createVector(name, text, given)), expect: { refused } };
}

async function digestOf(document: SignableObject): Promise<string> {
  return digestHex(new TextEncoder().encode(encodeCanonicalText(document)));
}

const seenDigest = 'ab'.repeat(32);
const epochTwo: SignableObject = { projects: [{ project: 'addons', approvals: 0, counter_epoch: 2 }] };
const maintainer = { custody: 'maintainer', scope: ['project:demo'] };
const twoMaintainers: SignableObject = {
  valid_keys: [trustedKeyEntry(serverKey), trustedKeyEntry(aliceKey, maintainer), trustedKeyEntry(bobKey, maintainer)],
  projects: [{ project: 'demo', approvals: 2, counter_epoch: 0 }],
};
const withScope = (scope: readonly string[]): Given => ({
  trust: { valid_keys: [trustedKeyEntry(serverKey, { scope })] },
});

export async function catalogueVectors(): Promise<readonly CatalogueVector[]> {
  return [
    ...(await accepted()),
    ...(await refusedKeys()),
    ...(await refusedTimes()),
    ...(await refusedHistories()),
    ...(await refusedEntries()),
    ...(await refusedShapes()),
  ];
}

async function accepted(): Promise<CatalogueVector[]> {
  const digest = await digestOf(await catalogueDocument());
  return [
    await accept('signed by a key of the server'),
    await accept('no modules', { modules: [] }),
    await accept('keys for the collection and the module only', {}, withScope(['collection:addons', 'project:demo'])),
    await accept(
      'a module that two maintainers signed',
      { modules: [await approvedEntry([bobKey, aliceKey])] },
      {
        trust: twoMaintainers,
      },
    ),
    await accept('a host-relative download', {
      modules: [await catalogueEntry({ download_url: manifestDocument().url } as SignableObject)],
    }),
    await accept('an image, no page, no permissions', {
      modules: [
        await catalogueEntry({
          image_url: '/api/modules/addons/demo/icon',
          info_url: undefined,
          requires_permissions: [],
        }),
      ],
    }),
    await accept('a module that its author signed as well', { modules: [await authoredEntry()] }),
    await accept('members that this version does not know', {
      later: { a: 1 },
      modules: [await catalogueEntry({ later: 1 })],
    }),
    await accept('the catalogue seen before', {}, { previous: { epoch: 0, version: 4, digest } }),
    await accept('a higher version', {}, { previous: { epoch: 0, version: 3, digest: seenDigest } }),
    await accept(
      'a higher epoch with a lower version',
      { counter_epoch: 2, version: 1 },
      {
        trust: epochTwo,
        previous: { epoch: 0, version: 9_007_199_254_740_991, digest: seenDigest },
      },
    ),
  ];
}

/** The entry of a module whose author signed it with a key of their own. */
async function authoredEntry(): Promise<SignableObject> {
  const { version, sha256, size_bytes: sizeBytes } = manifestDocument();
  const statement = { version: String(version), sha256: String(sha256), sizeBytes: Number(sizeBytes) };
  const named = { collection: 'addons', module: 'demo', counter: 7, ...statement };
  const sig = encodeBase64(await aliceKey.sign(encodeAuthorStatement(named, aliceKey.keyId)));
  return catalogueEntry({ author: encodeAuthorSignature({ counter: 7, pubkeyB64: aliceKey.pubkeyB64, sig }) });
}

/** The entry of a release under approval, with all signatures beside the older members. */
async function approvedEntry(signers: Parameters<typeof signManifest>[1]): Promise<SignableObject> {
  const text = await signManifest({ key_id: aliceKey.keyId }, signers);
  const { manifest, signature, signatures } = parseSignableText(text) as SignableObject;
  return catalogueEntry({
    signature: { key_id: aliceKey.keyId, sig: signature, manifest, signatures } as SignableObject,
  });
}

async function refusedKeys(): Promise<CatalogueVector[]> {
  const revoked = { key_id: serverKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' };
  const flipped = (await signCatalogue()).replace('"official"', '"verified"');
  return [
    await refuse('a key that is not listed', 'key_unknown', signCatalogue({ key_id: strangerKey.keyId }, strangerKey)),
    await refuse('a revoked key', 'key_revoked', {}, { trust: { revoked_keys: [revoked] } }),
    await refuse('a key for projects only', 'key_out_of_scope', {}, withScope(['project:demo', 'project:addons'])),
    await refuse('a key for another collection', 'key_out_of_scope', {}, withScope(['collection:other'])),
    await refuse(
      'a key for the collection alone signs no module',
      'key_out_of_scope',
      {},
      withScope(['collection:addons']),
    ),
    await refuse('signed by another key than it names', 'bad_signature', signCatalogue({}, strangerKey)),
    await refuse('changed after signing', 'bad_signature', Promise.resolve(flipped)),
    await refuse(
      'one maintainer of a module where two must sign',
      'bad_signature',
      {
        modules: [await approvedEntry([aliceKey])],
      },
      { trust: twoMaintainers },
    ),
  ];
}

async function refusedTimes(): Promise<CatalogueVector[]> {
  const { url } = manifestDocument();
  return [
    await refuse('expired at this very moment', 'catalogue_stale', { expires_at: '2027-01-15T12:00:00Z' }),
    await refuse('issued more than a day ahead of our clock', 'catalogue_stale', { issued_at: '2027-01-16T12:00:01Z' }),
    await refuse(
      'an expired trust list',
      'trust_expired',
      { expires_at: '2031-01-01T00:00:00Z' },
      {
        now: Date.UTC(2030, 0, 1),
      },
    ),
    await refuse('a module whose manifest has expired', 'manifest_stale', {
      modules: [
        await catalogueEntry(
          { download_url: url } as SignableObject,
          signManifest({ expires_at: '2027-01-15T00:00:00Z' }),
        ),
      ],
    }),
  ];
}

async function refusedHistories(): Promise<CatalogueVector[]> {
  const seen = { epoch: 0, version: 4, digest: seenDigest };
  return [
    await refuse('a lower version', 'catalogue_replayed', { version: 3 }, { previous: seen }),
    await refuse('the same version with other content', 'catalogue_replayed', {}, { previous: seen }),
    await refuse('a lower epoch than seen', 'catalogue_replayed', { version: 99 }, { previous: { ...seen, epoch: 1 } }),
    await refuse("another epoch than the trust list's", 'catalogue_replayed', {}, { trust: epochTwo }),
  ];
}

async function refusedEntries(): Promise<CatalogueVector[]> {
  const cases: readonly [string, TrustErrorCode, SignableObject][] = [
    ['a module without a signature', 'entry_unsigned', { signature: undefined }],
    ['a module under the name of another', 'wrong_project', { slug: 'other' }],
    ['a version that was not signed', 'entry_mismatch', { current_version: '1.3.0' }],
    ['a digest that was not signed', 'entry_mismatch', { sha256: 'ab'.repeat(32) }],
    ['a size that was not signed', 'entry_mismatch', { size_bytes: 25 }],
    ['a download from another host', 'entry_mismatch', { download_url: 'https://evil.example/demo/1.2.0/demo.zip' }],
    [
      'a download from another path',
      'entry_mismatch',
      { download_url: 'https://releases.example/demo/1.1.0/demo.zip' },
    ],
    [
      'a download without TLS where there is some',
      'entry_mismatch',
      { download_url: 'http://releases.example/demo/1.2.0/demo.zip' },
    ],
  ];
  return Promise.all([
    ...cases.map(async ([name, code, changes]) => refuse(name, code, { modules: [await catalogueEntry(changes)] })),
    refuse('a manifest of another channel', 'wrong_channel', {
      modules: [await catalogueEntry({}, signManifest({ channel: 'beta' }))],
    }),
  ]);
}

async function refusedShapes(): Promise<CatalogueVector[]> {
  const entries: readonly [string, TrustErrorCode, SignableObject][] = [
    ['a trust level of another word', 'malformed', { trust_level: 'trusted' }],
    ['a name that is no map', 'malformed', { name: 'Demo' }],
    ['a name in no language', 'malformed', { name: { '..': 'Demo' } }],
    ['a page that is a script', 'malformed', { info_url: 'javascript:alert(1)' }],
    ['a page with credentials', 'malformed', { info_url: 'https://a:b@demo.example/' }],
    ['an image that climbs', 'malformed', { image_url: '/api/%2e%2e/x' }],
    ['an author without a signature', 'malformed', { author: { pubkey_b64: `${'A'.repeat(43)}=` } }],
    ['a permission with a space', 'malformed', { requires_permissions: ['a b'] }],
    ['65 permissions', 'too_large', { requires_permissions: Array.from({ length: 65 }, (_, index) => `p${index}`) }],
    [
      'a signature without a manifest',
      'malformed',
      { signature: { key_id: serverKey.keyId, sig: `${'A'.repeat(86)}==` } },
    ],
  ];
  const entry = await catalogueEntry();
  const { signature: _, ...unsigned } = parseSignableText(await signCatalogue()) as SignableObject;
  return Promise.all([
    refuse('another collection', 'wrong_collection', {
      collection: { slug: 'other', name: { en: 'x' }, description: { en: '' }, primary_locale: 'en' },
    }),
    refuse('schema version 2', 'malformed', { catalogue_schema_version: 2 }),
    refuse('version zero', 'malformed', { version: 0 }),
    refuse('the same module twice', 'malformed', { modules: [entry, entry] }),
    refuse('modules by name', 'malformed', { modules: { demo: entry } }),
    refuse('a manifest in its place', 'malformed', signManifest()),
    refuse('no signature', 'malformed', Promise.resolve(encodeCanonicalText(unsigned))),
    refuse(
      'a signature that is not listed',
      'malformed',
      Promise.resolve(encodeCanonicalText({ ...unsigned, signature: `${'A'.repeat(86)}==` })),
    ),
    refuse(
      'a catalogue of the older kind, that nobody signed',
      'malformed',
      Promise.resolve(encodeCanonicalText({ collection: { slug: 'addons' }, modules: [] })),
    ),
    ...entries.map(async ([name, code, changes]) => refuse(name, code, { modules: [await catalogueEntry(changes)] })),
  ]);
}
