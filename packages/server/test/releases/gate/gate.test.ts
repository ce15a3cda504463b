/** The gate: what the policy says decides whether a release goes into service, and everybody can see what it said. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { Refusal } from '../../../src/errors.ts';
import { attachDocument, readDocument } from '../../../src/evidence/documents/document.ts';
import { listDocuments } from '../../../src/evidence/documents/store.ts';
import { createOverride, removeOverride } from '../../../src/evidence/policies/override.ts';
import { readPolicyInForce } from '../../../src/evidence/policies/policy.ts';
import { rejudgeRelease } from '../../../src/releases/gate/admit.ts';
import { listVerdicts } from '../../../src/releases/gate/store.ts';
import { approveRelease, proposeRelease } from '../../../src/releases/lifecycle/approval.ts';
import { refreshManifests } from '../../../src/releases/lifecycle/refresh.ts';
import { readServedManifest } from '../../../src/releases/public/publication.ts';
import { importTrustList } from '../../../src/trust/trust-lists.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { createScene, dayMs, type Scene, start, trustKey } from '../scene.ts';
import { activate, createPlace, isDenied, name, type Place, scanned, setPolicy, waive } from './place.ts';

async function readServed({ scene }: Place): Promise<VerifiedManifest> {
  const parts = { ...scene.dependencies, log: silentLog };
  const { manifest } = await readServedManifest(parts, scene.caller.organisationId, {
    slug: 'rocket',
    channel: 'stable',
  });
  return manifest;
}

forEachEngine((_engine, open) => {
  test('a policy that is not met keeps a release out of service, and says what is missing', async () => {
    const place = await createPlace(await createScene(await open()));
    const { database } = place.scene.dependencies;
    await setPolicy(place, scanned);
    await assert.rejects(activate(place), (error: unknown) => {
      assert.ok(isDenied(error) && error instanceof Refusal);
      assert.match(error.message, /scan of app-1\.0\.0\.zip: expected found clean by the scanner, found not scanned/);
      return true;
    });
    const rows = await database.query.selectFrom('release').select('state').execute();
    assert.deepEqual(rows, [{ state: 'draft' }]);
    assert.equal((await database.query.selectFrom('manifest').select('id').execute()).length, 0);
    const [verdict] = await listVerdicts(database.query, place.release.id, 10);
    assert.deepEqual([verdict?.result, verdict?.mode, verdict?.moment], ['denied', 'enforce', 'activation']);
    const [event] = await database.query
      .selectFrom('outbox')
      .selectAll()
      .where('topic', '=', 'evidence.denied')
      .execute();
    assert.equal(JSON.parse(event?.payload ?? '{}').rules, 'scan');
    const [audited] = await database.query
      .selectFrom('audit_event')
      .selectAll()
      .where('action', '=', 'evidence.judged')
      .execute();
    assert.equal(audited?.outcome, 'refused');
    await verifyAuditChain(database);
  });

  test('a release that was denied twice for the same is recorded once', async () => {
    const place = await createPlace(await createScene(await open()));
    await setPolicy(place, scanned);
    await assert.rejects(activate(place), isDenied);
    await assert.rejects(activate(place), isDenied);
    assert.equal((await listVerdicts(place.scene.dependencies.database.query, place.release.id, 10)).length, 1);
  });

  test('observing publishes, and the manifest says what would have been refused', async () => {
    const place = await createPlace(await createScene(await open()));
    await setPolicy(place, `${scanned}mode: observe\n`);
    await activate(place);
    const { evidence } = await readServed(place);
    assert.deepEqual([evidence?.verdict?.result, evidence?.verdict?.mode], ['denied', 'observe']);
  });

  test('an override lets one release through, for everybody to see, until it ends or is taken back', async () => {
    const place = await createPlace(await createScene(await open()));
    const { scene, release } = place;
    await setPolicy(place, scanned);
    const { id } = await waive(place, ['scan']);
    await removeOverride(scene.dependencies, scene.caller, { release, id });
    await assert.rejects(activate(place), isDenied);
    await assert.rejects(
      removeOverride(scene.dependencies, scene.caller, { release, id }),
      (error: unknown) => error instanceof Refusal && error.code === 'not_found',
    );
    await waive(place, ['signature']);
    await assert.rejects(activate(place), isDenied);
    await waive(place, ['scan']);
    await activate(place);
    const { evidence } = await readServed(place);
    assert.equal(evidence?.verdict?.result, 'waived');
    assert.deepEqual(
      evidence?.verdict?.overrides.map(({ rules, reason }) => [rules, reason]),
      [
        [['signature'], 'the scanner is being replaced'],
        [['scan'], 'the scanner is being replaced'],
      ],
    );
  });

  test('an override in the past, or of more than 90 days, is refused', async () => {
    const { scene, release } = await createPlace(await createScene(await open()));
    for (const expiresAt of [start, start + 91 * dayMs]) {
      const request = { rules: ['scan'] as const, reason: 'because', expiresAt };
      await assert.rejects(
        createOverride(scene.dependencies, scene.caller, { release, request }),
        (error: unknown) => error instanceof Refusal && error.rule === 'override-end',
      );
    }
  });

  test('policies are versions, the same text is the same version, and what is no policy changes nothing', async () => {
    const place = await createPlace(await createScene(await open()));
    const { query } = place.scene.dependencies.database;
    assert.equal((await setPolicy(place, scanned))?.version, 1);
    assert.equal((await setPolicy(place, scanned))?.version, 1);
    for (const text of [
      'policy: 1\n',
      'policy: 1\npolicy: 1\nscan: {}',
      'a: &a [1]\nb: *a',
      '{',
      'policy: 1\nscan: no',
      '['.repeat(100_000),
    ]) {
      await assert.rejects(setPolicy(place, text), text);
    }
    assert.equal((await readPolicyInForce(query, place.project.id))?.version, 1);
    assert.equal(await setPolicy(place, undefined), undefined);
    assert.equal(await readPolicyInForce(query, place.project.id), undefined);
    assert.equal((await setPolicy(place, scanned))?.version, 3);
  });

  test('each activation signs a release statement, and with a policy a verification summary, by the key of the project', async () => {
    const place = await createPlace(await createScene(await open()));
    const { database } = place.scene.dependencies;
    await setPolicy(place, `${scanned}mode: observe\n`);
    const manifest = await activate(place);
    const artifacts = await database.query.selectFrom('artifact').select(['id', 'sha256']).execute();
    const [artifact] = artifacts;
    const documents = await listDocuments(database.query, [artifact?.id ?? '']);
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ['release', 'verification-summary'],
    );
    assert.deepEqual(
      manifest.evidence?.documents.map(({ kind, sha256 }) => [kind, sha256]),
      documents.map(({ kind, sha256 }) => [kind, sha256]),
    );
    const [, summary] = documents.map(({ content }) => JSON.parse(content));
    assert.equal(summary.signatures[0].keyid, manifest.keyId);
    const statement = JSON.parse(parseText(parseBase64(summary.payload)));
    assert.equal(statement.subject[0].digest.sha256, artifact?.sha256);
    assert.equal(statement.predicate.verificationResult, 'FAILED');
  });

  test('signing a manifest again keeps its statements while the key is the same', async () => {
    const place = await createPlace(await createScene(await open()));
    const { scene } = place;
    const first = await activate(place);
    scene.travel(20 * dayMs);
    const [outcome] = await refreshManifests(scene.dependencies);
    assert.equal(outcome?.kind, 'refreshed');
    const second = await readServed(place);
    assert.ok(second.counter > first.counter);
    assert.deepEqual(second.evidence, first.evidence);
  });

  test('what is in service stays there when a policy comes that denies it', async () => {
    const place = await createPlace(await createScene(await open()));
    await activate(place);
    await setPolicy(place, scanned);
    place.scene.travel(20 * dayMs);
    const [outcome] = await refreshManifests(place.scene.dependencies);
    assert.equal(outcome?.kind, 'refreshed');
    assert.equal((await readServed(place)).evidence?.verdict?.result, 'denied');
  });

  test('maintainers sign what the policy said, and no proposal is made of what it denies', async () => {
    const place = await createPlace(await createScene(await open()));
    const { scene } = place;
    const { dependencies, caller } = scene;
    const { signer } = await createKeyPair();
    const list = await scene.signList({
      version: 2,
      keys: [trustKey(signer, { custody: 'maintainer' })],
      projects: [{ project: 'rocket', approvals: 1, counterEpoch: 0 }],
    });
    await importTrustList(dependencies, caller, list);
    await setPolicy(place, 'policy: 1\napprovals: 2\n');
    await assert.rejects(proposeRelease(dependencies, caller, { name, keyId: signer.keyId }), isDenied);
    await setPolicy(place, 'policy: 1\napprovals: 1\n');
    const { manifestId, document } = await proposeRelease(dependencies, caller, { name, keyId: signer.keyId });
    const sig = encodeBase64(await signer.sign(encodeText(document)));
    const approval = { name, manifestId, keyId: signer.keyId, sig };
    await setPolicy(place, 'policy: 1\napprovals: 2\n');
    await assert.rejects(approveRelease(dependencies, caller, approval), isDenied);
    await setPolicy(place, 'policy: 1\napprovals: 1\n');
    const { manifest } = await approveRelease(dependencies, caller, approval);
    assert.equal(manifest?.evidence?.verdict?.result, 'passed');
  });
});

const suite = join(
  process.env.SIGNPOST_CONFORMANCE ?? join(import.meta.dirname, '../../../../../../shared/conformance'),
  'sigstore',
);
const signer = `policy: 1
signature:
  identities:
    - issuer: https://token.actions.githubusercontent.com
      subject: https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main
`;

forEachEngine((_engine, open) => {
  test('a bundle of the public instance lets its artifact through, and no other', async () => {
    const artifact = await readFile(join(suite, 'bundle-verify', 'a.txt'));
    const place = await createPlace(await withPublicRoot(await createScene(await open())), artifact);
    const { dependencies, caller } = place.scene;
    await setPolicy(place, signer);
    await assert.rejects(activate(place), isDenied);
    await attach(place, 'happy-path-v0.3');
    const { verdict } = await rejudgeRelease(dependencies, caller, name);
    assert.equal(verdict?.result, 'passed');
    const manifest = await activate(place);
    assert.deepEqual(
      manifest.evidence?.documents.map(({ kind }) => kind),
      ['bundle', 'release', 'verification-summary'],
    );
  });

  test('a bundle that does not verify is kept, does not count, and is named with its reason', async () => {
    const place = await createPlace(await withPublicRoot(await createScene(await open())));
    await setPolicy(place, signer);
    await attach(place, 'happy-path-v0.3');
    const { verdict } = await rejudgeRelease(place.scene.dependencies, place.scene.caller, name);
    const [finding] = verdict?.findings ?? [];
    assert.match(finding?.found ?? '', /happy-path-v0\.3: digest_mismatch/);
  });

  test('without a trusted root nobody can tell, and so the release waits', async () => {
    const place = await createPlace(await createScene(await open()));
    await setPolicy(place, signer);
    await attach(place, 'happy-path-v0.3');
    const { verdict } = await rejudgeRelease(place.scene.dependencies, place.scene.caller, name);
    assert.deepEqual(
      verdict?.findings.map(({ outcome }) => outcome),
      ['unknown'],
    );
    await assert.rejects(activate(place), isDenied);
  });

  test('the same document twice is one, and what holds no bundle is refused', async () => {
    const place = await createPlace(await createScene(await open()));
    await attach(place, 'happy-path-v0.3');
    await attach(place, 'happy-path-v0.3');
    const { database } = place.scene.dependencies;
    assert.equal((await database.query.selectFrom('evidence_document').select('id').execute()).length, 1);
    for (const text of ['', '{}', '[]', 'null', '{"mediaType":"x"}', '{"attestations":[]}']) {
      assert.throws(() => readDocument(encodeText(text)), text);
    }
  });
});

async function withPublicRoot(scene: Scene): Promise<Scene> {
  const root = await parseTrustedRoot(new Uint8Array(await readFile(join(suite, 'trusted_root.public-good.json'))));
  const evidence = { ...scene.dependencies.evidence, readTrustedRoots: async () => [{ name: 'sigstore', root }] };
  return { ...scene, dependencies: { ...scene.dependencies, evidence } };
}

async function attach({ scene, release }: Place, folder: string): Promise<void> {
  const { database, now } = scene.dependencies;
  const path = join(suite, 'bundle-verify', folder, 'bundle.sigstore.json');
  const document = readDocument(new Uint8Array(await readFile(path)));
  const row = await database.query.selectFrom('artifact').select(['id', 'name']).executeTakeFirstOrThrow();
  await database.transaction((tx) =>
    attachDocument(tx, scene.caller, { artifact: { ...row, release }, name: folder, document, at: now() }),
  );
}
