/** Packages of a real registry, read by the watch. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { describeStatement, mint } from '../../../../../protocol/test/sigstore/minted.ts';
import type { FactSet } from '../../../../src/watch/facts/fact-set.ts';
import { createNpmReader } from '../../../../src/watch/readers/npm/npm-reader.ts';
import { parseNpmrc } from '../../../../src/watch/readers/npm/npmrc.ts';
import type { ListedArtifact } from '../../../../src/watch/readers/reader.ts';
import { createAsk } from '../../../../src/watch/readers/send-question.ts';
import { context, provenance, slsa1, workflow } from '../signing.ts';
import { attestation, digestOf, startNpmRegistry } from './registry.ts';

const npm = await startNpmRegistry();
after(() => npm.stop());

const { host } = new URL(npm.url);
let now = context.now;
const reader = createNpmReader({
  ask: createAsk({ privateHosts: new Set([host]), now: () => now }),
  readSettings: async () => parseNpmrc(`registry=${npm.url}\n//${host}/:_authToken=of-the-watch`, {}),
  ...{ readTrustedRoots: async () => context.trustedRoots, builders: context.builders },
  now: () => now,
});
const never = new AbortController().signal;
const sourceOf = (name: string, validators?: string) => ({ organisationId: 'o', key: `npm:${name}`, validators });
const ci = { name: 'CI', email: 'ci@forge.example', trustedPublisher: { id: 'forge', oidcConfigId: 'oidc:1' } };

/** What a version's own workflow attests of it. */
async function attest(name: string, version: string) {
  const subject = [{ name: `pkg:npm/${name}@${version}`, digest: digestOf(name, version) }];
  const statement = JSON.parse(describeStatement(subject));
  const payload = JSON.stringify({ ...statement, predicateType: slsa1, predicate: provenance });
  return attestation(slsa1, await mint({ signer: workflow, payload }));
}

function artifactOf(version: string): ListedArtifact {
  return { names: { version }, line: '1', publishedAt: context.now, isDefault: true };
}

async function factsOf(name: string, version = '1.0.0'): Promise<FactSet> {
  const observed = await reader.observe(sourceOf(name), artifactOf(version), never);
  return 'facts' in observed ? observed.facts : assert.fail(JSON.stringify(observed));
}

test('a package lists its versions, and nothing when nothing changed', async () => {
  await npm.publish('@acme/listed', { version: '1.0.0' });
  await npm.publish('@acme/listed', { version: '2.0.0' });
  const listing = await reader.list(sourceOf('@acme/listed'), never);
  assert.ok(listing.kind === 'listed');
  assert.deepEqual(
    listing.artifacts.map(({ names, line, isDefault }) => [names.version, line, isDefault]),
    [
      ['2.0.0', '2', true],
      ['1.0.0', '1', false],
    ],
  );
  assert.ok(listing.artifacts.every(({ publishedAt = 0 }) => Math.abs(Date.now() - publishedAt) < 600_000));
  assert.deepEqual(await reader.list(sourceOf('@acme/listed', listing.validators), never), { kind: 'unchanged' });
  await npm.publish('@acme/listed', { version: '2.0.1' });
  assert.equal((await reader.list(sourceOf('@acme/listed', listing.validators), never)).kind, 'listed');
  assert.ok(npm.asked.every(({ authorization }) => authorization === 'Bearer of-the-watch'));
});

test('who built and who published a version is told, and that the registry signed it', async () => {
  const name = '@acme/attested';
  const published = { predicateType: 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1', bundle: {} };
  await npm.publish(name, { version: '1.0.0', user: ci, attestations: [published, await attest(name, '1.0.0')] });
  const { signatures, provenance: built, publisher, sbom, publishedAt } = await factsOf(name);
  assert.ok(signatures !== 'unknown' && built !== 'unknown');
  assert.deepEqual(
    signatures.map(({ outcome, format, identity }) => [outcome, format, identity?.repository]),
    [['verified', 'bundle', 'https://github.com/acme/app']],
  );
  assert.deepEqual(
    built.map(({ outcome, isAboutSubject, repository }) => [outcome, isAboutSubject, repository]),
    [['verified', true, 'https://github.com/acme/app']],
  );
  assert.deepEqual([sbom, publishedAt], ['absent', context.now]);
  assert.ok(publisher !== undefined && publisher !== 'unknown');
  assert.deepEqual([publisher.channel, publisher.registrySignature], ['trusted-publisher', 'verified']);
  assert.match(publisher.account ?? '', /^CI \(address [0-9a-f]{16}\)$/);
});

test('an attestation of another version says nothing of this one', async () => {
  const name = '@acme/borrowed';
  await npm.publish(name, { version: '1.0.0', attestations: [await attest('@acme/attested', '1.0.0')] });
  const { signatures, provenance: built } = await factsOf(name);
  assert.ok(signatures !== 'unknown' && built !== 'unknown');
  assert.deepEqual(
    signatures.map(({ outcome, reason }) => [outcome, reason]),
    [['invalid', 'subject_mismatch']],
  );
  assert.deepEqual(
    built.map(({ isAboutSubject }) => isAboutSubject),
    [false],
  );
});

test('what was published by hand, by a second word, or by whom nobody says, is told apart', async () => {
  const users = { token: 'Ada <ada@mail.example>', staged: { name: 'Ada', approver: 'Bob' }, none: undefined };
  for (const [channel, user] of Object.entries(users)) {
    await npm.publish(`by-${channel}`, { version: '1.0.0', user });
    const { publisher, signatures } = await factsOf(`by-${channel}`);
    assert.ok(publisher !== undefined && publisher !== 'unknown');
    assert.deepEqual([publisher.channel, signatures], [channel, []]);
  }
});

test('the signature of the registry is missing, of a stranger, of a key from then, or was never a custom', async () => {
  const read = async (name: string) => {
    now += 3_600_000;
    const { publisher } = await factsOf(name);
    return publisher === undefined || publisher === 'unknown' ? publisher : publisher.registrySignature;
  };
  await npm.publish('signed', { version: '1.0.0' });
  await npm.publish('unsigned', { version: '1.0.0', signedBy: 'nobody' });
  await npm.publish('forged', { version: '1.0.0', signedBy: 'stranger' });
  assert.deepEqual(
    [await read('signed'), await read('unsigned'), await read('forged')],
    ['verified', 'absent', 'invalid'],
  );
  const path = '/-/npm/v1/keys';
  const listed = npm.answers.get(path) ?? assert.fail('expected keys');
  const expiring = (at: number) => listed.body?.replace('null', JSON.stringify(new Date(at).toISOString())) ?? '';
  for (const [status, body, expected] of [
    [200, expiring(context.now + 1), 'verified'],
    [200, expiring(context.now), 'invalid'],
    [200, '[]', 'unknown'],
    [500, '', 'unknown'],
    [404, '', 'none-ever'],
  ] as const) {
    npm.answers.set(path, { status, body });
    assert.equal(await read('signed'), expected);
  }
  npm.answers.set(path, listed);
  now = context.now;
});

test('attestations that cannot be asked for are unknown, and those that are gone are gone', async () => {
  const name = '@acme/hidden';
  await npm.publish(name, { version: '1.0.0', attestations: [await attest(name, '1.0.0')] });
  const path = '/-/npm/v1/attestations/@acme%2fhidden@1.0.0';
  for (const [status, body] of [
    [429, ''],
    [401, ''],
    [503, ''],
    [200, 'no JSON'],
  ] as const) {
    npm.answers.set(path, { status, body });
    const { signatures, provenance: built, sbom } = await factsOf(name);
    assert.deepEqual([signatures, built, sbom], ['unknown', 'unknown', 'unknown'], String(status));
  }
  npm.answers.set(path, { status: 404 });
  assert.deepEqual((await factsOf(name)).signatures, []);
  const many = Array.from({ length: 65 }, () => ({ predicateType: slsa1, bundle: {} }));
  npm.answers.set(path, { status: 200, body: JSON.stringify({ attestations: many }) });
  assert.equal((await factsOf(name)).isCapped, true);
});

test('a registry that does not answer is unknown, and one that knows no such package lists nothing', async () => {
  assert.deepEqual(await reader.list(sourceOf('nobody'), never), { kind: 'listed', artifacts: [] });
  assert.deepEqual(await reader.observe(sourceOf('nobody'), artifactOf('1.0.0'), never), { kind: 'absent' });
  npm.answers.set('/busy', { status: 429 });
  const busy = await reader.list(sourceOf('busy'), never);
  assert.ok(busy.kind === 'unknown');
  assert.equal(busy.retryAfterMs, 7000);
  npm.answers.set('/odd', { status: 200, body: '<html>' });
  assert.equal((await reader.list(sourceOf('odd'), never)).kind, 'unknown');
  npm.answers.set('/odd/1.0.0', { status: 200, body: '{"name":"other"}' });
  assert.equal('kind' in (await reader.observe(sourceOf('odd'), artifactOf('1.0.0'), never)), true);
});

test('without settings no package is read, which is said', async () => {
  const none = createNpmReader({
    ask: () => assert.fail('nobody is asked'),
    readSettings: async () => undefined,
    ...{ readTrustedRoots: async () => [], builders: context.builders },
    now: () => now,
  });
  const listing = await none.list(sourceOf('rocket'), never);
  assert.ok(listing.kind === 'unknown');
  assert.match(listing.reason, /SIGNPOST_NPMRC/);
});
