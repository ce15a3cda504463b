/** Delegations: who may speak of which paths, in which order (TUF 1.0.34, 4.5 and 5.6.7; TAP 15). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { digestHex } from '@signpost/protocol/tuf/file-facts';
import { isPathMatch } from '@signpost/protocol/tuf/path-pattern';
import fc from 'fast-check';
import { createTestKey, nameKeys, TestRepository } from './repository.ts';

test('the first role that may speak of a path is believed', async () => {
  const repository = await TestRepository.create();
  for (const name of ['first', 'second']) {
    await repository.delegate('targets', name, { paths: ['*'] });
    await repository.addTarget('shared.txt', name, name);
  }
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('shared.txt')), 'first');
});

test('a role that may not speak of a path is not asked', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'other', { paths: ['other/*'] });
  await repository.addTarget('shared.txt', 'x', 'other');
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(await trusted.findTarget('shared.txt'), undefined);
  assert.ok(!repository.requests.some((path) => path.includes('other')));
});

test('after a terminating role nobody is asked, at no level', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'team', { paths: ['*'] });
  await repository.delegate('team', 'last', { paths: ['*'], terminating: true });
  await repository.delegate('targets', 'beside', { paths: ['*'] });
  await repository.addTarget('shared.txt', 'x', 'beside');
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(await trusted.findTarget('shared.txt'), undefined);
});

test('paths by the beginning of their digest', async () => {
  const repository = await TestRepository.create();
  const digest = await digestHex('sha256', encodeText('shared.txt'));
  await repository.delegate('targets', 'wrong', { path_hash_prefixes: [digest[0] === '0' ? '1' : '0'] });
  await repository.delegate('targets', 'right', { path_hash_prefixes: ['ffffffff', digest.slice(0, 3)] });
  for (const name of ['wrong', 'right']) await repository.addTarget('shared.txt', name, name);
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('shared.txt')), 'right');
});

test('hash bins: each path is asked of one role alone', async () => {
  const repository = await TestRepository.create();
  const keys = [await createTestKey()];
  const delegations = { keys: {}, succinct_roles: {} };
  delegations.succinct_roles = { bit_length: 5, name_prefix: 'bin', ...nameKeys(delegations, keys) };
  repository.roles.targets.delegations = delegations;
  const digest = await digestHex('sha256', encodeText('shared.txt'));
  const bin = `bin-${(Number.parseInt(digest.slice(0, 2), 16) >> 3).toString(16).padStart(2, '0')}`;
  repository.keys[bin] = keys;
  repository.roles[bin] = { ...repository.roles.targets, targets: {}, delegations: undefined };
  await repository.addTarget('shared.txt', bin, bin);
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('shared.txt')), bin);
});

test('a circle of roles ends', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'a', { paths: ['*'] });
  await repository.delegate('a', 'b', { paths: ['*'] });
  const back = repository.roles.targets.delegations;
  repository.roles.b.delegations = structuredClone(back);
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(await trusted.findTarget('shared.txt'), undefined);
});

test('a search visits at most 32 roles', async () => {
  const repository = await TestRepository.create();
  for (let index = 0; index < 40; index++) await repository.delegate('targets', `role${index}`, { paths: ['*'] });
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(await trusted.findTarget('shared.txt'), undefined);
  assert.equal(repository.requests.filter((path) => path.includes('role')).length, 32);
});

test('a role is verified for whoever delegates to it, also when another has vouched for it before', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'a', { paths: ['a/*'] });
  await repository.delegate('targets', 'b', { paths: ['b/*'] });
  await repository.delegate('a', 'shared', { paths: ['*/*'] });
  const keys = repository.keys.shared ?? [];
  await repository.delegate('b', 'shared', { paths: ['*/*'] });
  repository.keys.shared = keys;
  await repository.addTarget('a/file', 'a', 'shared');
  await repository.addTarget('b/file', 'b', 'shared');
  await repository.publishNext();
  const trusted = await refreshRepository(repository.connect());
  assert.equal(parseText(await trusted.fetchTarget('a/file')), 'a');
  await assert.rejects(trusted.findTarget('b/file'), { code: 'bad_signature' });
});

test('a delegated role that the snapshot does not name ends the search', async () => {
  const repository = await TestRepository.create();
  await repository.delegate('targets', 'team', { paths: ['*'] });
  const { team } = repository.roles;
  delete repository.roles.team;
  await repository.publishNext();
  assert.ok(team);
  const trusted = await refreshRepository(repository.connect());
  await assert.rejects(trusted.findTarget('shared.txt'), { code: 'metadata_mismatch' });
});

test('the examples of the specification match as it says', () => {
  for (const [pattern, path, matches] of [
    ['targets/*.tgz', 'targets/foo.tgz', true],
    ['targets/*.tgz', 'targets/foo.txt', false],
    ['foo-version-?.tgz', 'foo-version-2.tgz', true],
    ['foo-version-?.tgz', 'foo-version-alpha.tgz', false],
    ['*.tgz', 'foo.tgz', true],
    ['*.tgz', 'targets/foo.tgz', false],
    ['foo.tgz', 'foo.tgz', true],
    ['foo.tgz', 'fooxtgz', false],
    ['[a].tgz', 'a.tgz', false],
  ] as const) {
    assert.equal(isPathMatch(pattern, path), matches, `${pattern} ${path}`);
  }
});

test('a pattern matches what the same regular expression matches', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(texts, texts, (pattern, path) => {
      const source = pattern.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]');
      assert.equal(isPathMatch(pattern, path), new RegExp(`^${source}$`).test(path));
    }),
    { numRuns: 5000 },
  );
});

test('a pattern of stars takes no longer than its length suggests', () => {
  assert.equal(isPathMatch('*a'.repeat(2000), `${'a'.repeat(3000)}b`), false);
});
