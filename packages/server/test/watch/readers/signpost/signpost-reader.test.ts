/** Projects of other servers, read by the watch. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { EvidenceReference } from '@signpost/protocol/updates/release-evidence';
import { createManifestDocument, type ManifestFields } from '@signpost/protocol/updates/write-manifest';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { emptyRevision, type Revision } from '../../../../src/watch/baseline/revision.ts';
import { classify } from '../../../../src/watch/drift/classify.ts';
import type { FactSet } from '../../../../src/watch/facts/fact-set.ts';
import type { ListedArtifact } from '../../../../src/watch/readers/reader.ts';
import { createAsk } from '../../../../src/watch/readers/send-question.ts';
import { createSignpostReader } from '../../../../src/watch/readers/signpost/signpost-reader.ts';
import { openPlanesScene, openShop } from '../../../planes-scene.ts';
import { dayMs, trustKey } from '../../../releases/scene.ts';
import { content, context, foundStatement, provenance, slsa1 } from '../signing.ts';

const [{ signer: root }, { signer: otherRoot }, { signer: key }, { signer: otherKey }] = await Promise.all([
  createKeyPair(),
  createKeyPair(),
  createKeyPair(),
  createKeyPair(),
]);
const { now } = context;
const answers = new Map<string, { readonly status: number; readonly body: string | Uint8Array }>();
const server = createServer((request, response) => {
  const { status, body } = answers.get(request.url ?? '') ?? { status: 404, body: '' };
  response.writeHead(status, { etag: '"one"' }).end(body);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const never = new AbortController().signal;

function createReader(at: string, clock: () => number) {
  return createSignpostReader({
    ask: createAsk({ privateHosts: new Set([at]), now: clock }),
    plainHosts: new Set(),
    ...{ readTrustedRoots: async () => context.trustedRoots, builders: context.builders },
    now: clock,
  });
}

const reader = createReader(host, () => now);
const sourceOf = (project: string, at = host) => ({ organisationId: 'o', key: `signpost:${at}/${project}` });

/** What may be said of the documents that the server hands out; the rest is as it should be. */
interface Wish {
  readonly roots?: readonly Signer[] | undefined;
  readonly listSigners?: readonly Signer[];
  readonly listed?: readonly Signer[];
  readonly listExpiresAt?: number;
  readonly threshold?: number;
  readonly revoked?: readonly string[];
  readonly signer?: Signer;
  readonly documents?: readonly EvidenceReference[];
}

const manifestPath = '/api/projects/rocket/manifest';

async function serve(wish: Wish = {}): Promise<void> {
  answers.clear();
  answers.set('/api/signing/roots', { status: 200, body: '{"roots":[]}' });
  answers.set('/api/signing/trust', { status: 200, body: await signList(wish) });
  answers.set(manifestPath, { status: 200, body: await signManifest(wish) });
}

async function signList(wish: Wish, version = 2): Promise<string> {
  const { roots = 'roots' in wish ? undefined : [root], listSigners = [root], listed = [key], revoked = [] } = wish;
  const document = createTrustListDocument({
    ...{ version, issuedAt: now - dayMs, expiresAt: wish.listExpiresAt ?? now + dayMs },
    ...{
      roots: roots && { keys: roots, threshold: wish.threshold ?? 1 },
      validKeys: listed.map((one) => trustKey(one)),
    },
    ...{ pushKeys: [], projects: [] },
    revokedKeys: revoked.map((keyId) => ({
      keyId,
      reason: 'lost',
      revokedAt: now,
      effectiveFrom: undefined,
      pubkeyB64: undefined,
    })),
  });
  return signEnvelope('trust', document, listSigners);
}

async function signManifest({ signer = key, documents }: Wish): Promise<string> {
  const main = { sha256: content, sizeBytes: 7, url: '/rocket/1.2.0/rocket.zip' };
  const fields = {
    ...{ project: 'rocket', channel: 'stable', version: '1.2.0', counter: 1, counterEpoch: 0, keyId: signer.keyId },
    ...{ signedAt: now - dayMs, expiresAt: undefined, main, minVersion: undefined, scan: undefined },
    artifacts: [{ ...main, name: 'rocket.zip', platform: 'any', mediaType: 'application/zip', sha512: undefined }],
    evidence: documents && { verdict: undefined, documents },
    ...{ name: undefined, description: undefined, changelog: undefined },
  } satisfies ManifestFields;
  return signEnvelope('manifest', createManifestDocument(fields), [signer]);
}

const released: ListedArtifact = { names: { version: '1.2.0' }, line: '1', publishedAt: now, isDefault: true };

async function factsOf(wish: Wish = {}): Promise<FactSet> {
  await serve(wish);
  return observe();
}

async function observe(): Promise<FactSet> {
  const observed = await reader.observe(sourceOf('rocket'), released, never);
  return 'facts' in observed ? observed.facts : assert.fail(JSON.stringify(observed));
}

function signersOf({ signatures }: FactSet) {
  assert.ok(signatures !== 'unknown');
  return signatures.map(({ kind, outcome, key: by, reason }) => [kind, outcome, by ?? reason]);
}

const genuine = [
  ['tuf', 'verified', root.keyId],
  ['key', 'verified', key.keyId],
];

test('a project lists what is in service, and nothing when nothing changed', async () => {
  await serve();
  assert.deepEqual(await reader.list(sourceOf('rocket'), never), {
    kind: 'listed',
    validators: '"one"',
    artifacts: [
      {
        ...{ content, names: { tag: 'stable', version: '1.2.0' }, line: '1', publishedAt: now - dayMs },
        isDefault: true,
      },
    ],
  });
  assert.deepEqual(await reader.list(sourceOf('nothing'), never), { kind: 'listed', artifacts: [] });
  answers.set(manifestPath, { status: 304, body: '' });
  assert.deepEqual(await reader.list({ ...sourceOf('rocket'), validators: '"one"' }, never), { kind: 'unchanged' });
});

test('the roots and the key of a release are told, and with other roots or another key others', async () => {
  assert.deepEqual(signersOf(await factsOf()), genuine);
  assert.deepEqual(signersOf(await factsOf({ listed: [key, otherKey], signer: otherKey })), [
    ['tuf', 'verified', root.keyId],
    ['key', 'verified', otherKey.keyId],
  ]);
  // Whoever has no root may name the old one as often as he likes.
  const taken = { roots: [otherRoot, root], listSigners: [otherRoot], listed: [otherKey], signer: otherKey };
  assert.deepEqual(signersOf(await factsOf(taken)), [
    ['tuf', 'verified', otherRoot.keyId],
    ['key', 'verified', otherKey.keyId],
  ]);
});

test('a key that the same roots exchange is no alarm, other roots and a release that no list bears out are', async () => {
  const revision: Revision = {
    ...{ ...emptyRevision, state: 'established', signed: 'always', kinds: ['tuf', 'key'] },
    formats: ['detached', 'inline'],
    keys: [root.keyId, key.keyId].map((id) => ({ key: id, state: 'accepted' as const })),
  };
  const place = { source: 'signpost:dl.example/rocket', line: '1', isInUse: false, isDevelopment: false };
  const judge = async (wish: Wish) => {
    const found = classify({ place, revision, facts: await factsOf(wish), history: { wasSigned: false, mirrors: [] } });
    return found.map(({ kind, severity }) => `${kind} ${severity}`);
  };
  assert.deepEqual(await judge({}), []);
  assert.deepEqual(await judge({ listed: [otherKey], signer: otherKey }), ['identity.extra low']);
  const taken = { roots: [otherRoot, root], listSigners: [otherRoot], listed: [otherKey], signer: otherKey };
  assert.deepEqual(await judge(taken), ['key.new high', 'key.new high']);
  // Whoever stole the key of the server puts another root above it, which does not revoke it.
  assert.deepEqual(await judge({ roots: [otherRoot], listSigners: [otherRoot] }), ['key.new high']);
  assert.deepEqual(await judge({ roots: [root, otherRoot], listSigners: [root, otherRoot] }), ['identity.extra low']);
  assert.deepEqual(await judge({ signer: otherKey }), ['signature.invalid critical']);
});

test('how many roots must sign the list, and its number, are told, also where the manifest is wrong', async () => {
  const roots = [root, otherRoot];
  assert.deepEqual((await factsOf({ roots, listSigners: roots, threshold: 2 })).trust, { threshold: 2, version: 2 });
  // A thief of one root needs no new name for it.
  const thief = await factsOf({ roots, listSigners: [root], signer: otherKey });
  assert.deepEqual(
    [thief.trust, signersOf(thief)],
    [{ threshold: 1, version: 2 }, [['key', 'invalid', 'key_unknown']]],
  );
  assert.equal((await factsOf({ listSigners: [otherRoot] })).trust, undefined);
});

test('roots that the list does not name are those of the last list before it that did', async () => {
  await serve({ roots: undefined });
  assert.deepEqual(signersOf(await observe()), [['key', 'unverifiable', 'trust_missing']]);
  const chain = async (signer: Signer) => {
    const links = [
      await signList({ roots: [otherRoot], listSigners: [otherRoot] }, 1),
      await signList({ roots: [signer] }, 1),
    ];
    answers.set('/api/signing/roots', { status: 200, body: `{"roots":[${links.join(',')}]}` });
  };
  await chain(root);
  assert.deepEqual(signersOf(await observe()), genuine);
  await chain(otherRoot);
  assert.deepEqual(signersOf(await observe()), [['key', 'invalid', 'bad_signature']]);
});

for (const [name, wish, found] of [
  ['by a key that no list names', { signer: otherKey }, ['key', 'invalid', 'key_unknown']],
  ['by a key that was revoked', { revoked: [key.keyId] }, ['key', 'invalid', 'key_revoked']],
  ['under a list of nobody’s roots', { listSigners: [otherRoot] }, ['key', 'invalid', 'bad_signature']],
  ['under a list that expired', { listExpiresAt: now - 1 }, ['key', 'unverifiable', 'trust_expired']],
] as const) {
  test(`a release that is signed ${name} shows no signer`, async () => {
    assert.deepEqual(signersOf(await factsOf(wish)), [found]);
  });
}

test('bundles that the manifest names count, unless their bytes are others', async () => {
  const { bytes } = (await foundStatement({ predicateType: slsa1, predicate: provenance })) as { bytes: Uint8Array };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const named = (kind: string, url: string) => ({ artifact: 'rocket.zip', kind, sha256, url });
  await serve({ documents: [named('bundle', '/evidence/1'), named('sbom', '/evidence/2')] });
  answers.set('/evidence/1', { status: 200, body: bytes });
  const facts = await observe();
  assert.deepEqual(
    signersOf(facts).map(([kind, outcome]) => [kind, outcome]),
    [
      ['tuf', 'verified'],
      ['key', 'verified'],
      ['keyless', 'verified'],
    ],
  );
  assert.ok(facts.provenance !== 'unknown');
  assert.deepEqual([facts.provenance[0]?.repository, facts.sbom], ['https://github.com/acme/app', 'about-subject']);
  answers.set('/evidence/1', { status: 200, body: Buffer.concat([bytes, Buffer.from(' ')]) });
  assert.deepEqual(signersOf(await observe()), genuine);
  answers.set('/evidence/1', { status: 403, body: '' });
  const unknown = await observe();
  assert.deepEqual([unknown.signatures, unknown.provenance, unknown.sbom], ['unknown', 'unknown', 'unknown']);
});

test('what a server does not answer is unknown, and a release that is gone is absent', async () => {
  await serve();
  for (const path of ['/api/signing/trust', '/api/signing/roots']) {
    const before = answers.get(path) ?? assert.fail(path);
    answers.set(path, { status: 503, body: '' });
    assert.equal((await observe()).signatures, 'unknown');
    answers.set(path, before);
  }
  answers.delete('/api/signing/trust');
  assert.deepEqual(signersOf(await observe()), [['key', 'unverifiable', 'trust_missing']]);
  const older = { ...released, names: { version: '1.1.0' } };
  assert.deepEqual(await reader.observe(sourceOf('rocket'), older, never), { kind: 'absent' });
  for (const [status, body] of [
    [500, ''],
    [200, '{}'],
  ] as const) {
    answers.set(manifestPath, { status, body });
    const observed = await reader.observe(sourceOf('rocket'), released, never);
    assert.equal('kind' in observed && observed.kind, 'unknown');
    assert.equal((await reader.list(sourceOf('rocket'), never)).kind, 'unknown');
  }
});

test('another Signpost is read as it is, of every organisation', async (t) => {
  const scene = await openPlanesScene(t);
  const at = new URL(scene.url).host;
  const own = createReader(at, scene.resources.now);
  for (const [organisation, project] of [
    [scene.home, 'rocket'],
    [scene.other, 'o/other/rocket'],
  ] as const) {
    await openShop(scene, { organisation });
    const source = sourceOf(project, at);
    const listing = await own.list(source, never);
    assert.ok(listing.kind === 'listed');
    const [artifact = assert.fail('expected a release')] = listing.artifacts;
    const observed = await own.observe(source, artifact, never);
    assert.ok('facts' in observed);
    // The first list of this server leaves the roots to those who pinned them.
    assert.deepEqual(signersOf(observed.facts), [['key', 'unverifiable', 'trust_missing']]);
    const prefix = project.startsWith('o/') ? '/o/other' : '';
    const { keys } = (await scene.ask('GET', `${project.startsWith('o/') ? '/o/other' : ''}/api/signing/pubkey`))
      .json as {
      keys: { key_id: string; pubkey_b64: string }[];
    };
    const listed = keys.map((one) => trustKey({ keyId: one.key_id, pubkeyB64: one.pubkey_b64 }));
    const roots = { signers: [organisation.root], threshold: 1 };
    const body = await organisation.signList({ version: 2, keys: listed, roots });
    const as = await scene.openKey(organisation, ['admin', 'manage', 'read']);
    assert.equal((await scene.ask('POST', `${prefix}/api/trust/import`, { as, body })).status, 200);
    const again = await own.observe(source, artifact, never);
    assert.ok('facts' in again);
    assert.deepEqual(signersOf(again.facts), [
      ['tuf', 'verified', organisation.root.keyId],
      ['key', 'verified', keys[0]?.key_id],
    ]);
    assert.equal(again.facts.content, artifact.content);
  }
});
