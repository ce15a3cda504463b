/** Images in Debian's docker-registry: signed, attested, stripped, cleaned up. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createFindCredential } from '../../../../src/watch/readers/oci/credentials.ts';
import {
  attestOlder,
  encodeBundle,
  githubIssuer,
  mintStatement,
  provenance,
  signedAt,
  signOlder,
  slsa1,
} from '../signing.ts';
import { type DockerRegistry, missing, startDockerRegistry } from './docker-registry.ts';
import { envelopeType, putArtifact, putFallback, putImage, putOlderSignatures, putReferrer } from './images.ts';
import { lookAt, outcomesOf } from './scene.ts';

describe('docker-registry', { skip: missing }, () => {
  let registry: DockerRegistry;
  let folder: string;
  const configure = (auths: object) => writeFile(join(folder, 'config.json'), JSON.stringify({ auths }));
  const look = (repository: string) => {
    const findCredential = createFindCredential({ configFile: join(folder, 'config.json'), helperEnvironment: {} });
    return lookAt(registry.host, { repository, findCredential });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signpost-docker-'));
    registry = await startDockerRegistry();
    await configure(registry.auths);
  });
  after(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  test("an image with cosign's tags is seen with signer, provenance and SBOM", async () => {
    const store = registry.open('cosign/app');
    const digest = await putImage(store, '1.0.0');
    const hex = digest.slice('sha256:'.length);
    await putOlderSignatures(store, digest, [await signOlder(hex)]);
    const attested = [
      await attestOlder(hex, 'https://slsa.dev/provenance/v0.2', { builder: { id: 'b' }, buildType: 't' }),
      await attestOlder(hex, 'https://spdx.dev/Document', {}),
    ];
    const layers = attested.map(({ payload, annotations }) => ({
      mediaType: envelopeType,
      bytes: payload,
      annotations,
    }));
    await putArtifact(store, layers, { tag: `sha256-${hex}.att` });
    const { facts } = await look('cosign/app').see('1.0.0');
    assert.equal(facts.content, hex);
    assert.equal(facts.publishedAt, signedAt);
    assert.ok(facts.signatures !== 'unknown');
    assert.deepEqual(
      facts.signatures.map(({ outcome, identity }) => [outcome, identity?.issuer]),
      [['verified', githubIssuer]],
    );
    assert.deepEqual(facts.provenance !== 'unknown' && facts.provenance.map(({ builder }) => builder), ['b']);
    assert.deepEqual([facts.sbom, facts.isCapped], ['about-subject', false]);
  });

  test('a bundle behind the fallback tag is seen, and is gone when the registry cleans up', async () => {
    const store = registry.open('bundle/app');
    const digest = await putImage(store, '1.0.0');
    const bundle = await mintStatement(digest.slice('sha256:'.length), { predicateType: slsa1, predicate: provenance });
    await putFallback(store, digest, [await putReferrer(store, digest, encodeBundle(bundle))]);
    const own = look('bundle/app');
    assert.deepEqual(outcomesOf(await own.see('1.0.0')), ['bundle verified']);
    await registry.collectGarbage();
    // The index still names it; the reader has it in memory.
    assert.deepEqual(outcomesOf(await own.see('1.0.0')), []);
  });

  test('an image without anything is unsigned, one that is deleted is absent', async () => {
    const store = registry.open('plain/app');
    const digest = await putImage(store, 'latest');
    const own = look('plain/app');
    const { facts } = await own.see('latest');
    assert.deepEqual([facts.signatures, facts.provenance, facts.sbom], [[], [], 'absent']);
    await store.deleteManifest(digest);
    assert.deepEqual(await own.observe({ tag: 'latest' }), { kind: 'absent' });
    assert.deepEqual(await own.observe({}, digest.slice('sha256:'.length)), { kind: 'absent' });
  });

  test('tags are listed with where they lead, without those of signatures', async () => {
    const store = registry.open('tags/app');
    const digests = new Map<string, string>();
    for (const tag of ['v1.9.0', 'v1.10.0', 'latest', 'nightly']) digests.set(tag, await putImage(store, tag));
    await putOlderSignatures(store, digests.get('latest') ?? '', [await signOlder('00'.repeat(32))]);
    const own = look('tags/app');
    const listing = await own.list();
    assert.ok(listing.kind === 'listed');
    const listed = listing.artifacts.map(({ names, content, line, isDefault }) => [
      names.tag,
      content,
      line,
      isDefault,
    ]);
    const hexOf = (tag: string) => digests.get(tag)?.slice('sha256:'.length);
    assert.deepEqual(listed, [
      ['latest', hexOf('latest'), 'release', true],
      ['nightly', hexOf('nightly'), 'nightly', false],
      ['v1.10.0', hexOf('v1.10.0'), '1', false],
      ['v1.9.0', hexOf('v1.9.0'), '1', false],
    ]);
    assert.deepEqual(await own.list(listing.validators), { kind: 'unchanged' });
    await putImage(store, 'latest', 'another');
    assert.equal((await own.list(listing.validators)).kind, 'listed');
  });

  test('a password that is wrong makes everything unknown, and a new one counts without a restart', async () => {
    await putImage(registry.open('secret/app'), '1.0.0');
    const own = look('secret/app');
    await configure({ [registry.host]: { auth: Buffer.from('reader:wrong').toString('base64') } });
    const { host } = registry;
    assert.deepEqual(await own.observe({ tag: '1.0.0' }), {
      ...{ kind: 'unknown', reason: `${host} answered 401`, retryAfterMs: undefined },
    });
    await configure({});
    assert.deepEqual(await own.list(), { kind: 'unknown', reason: `there is no password for ${host}` });
    await configure(registry.auths);
    assert.deepEqual(outcomesOf(await own.see('1.0.0')), []);
  });
});
