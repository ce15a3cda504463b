/** What is refused although enough keys have signed it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { refreshRepository } from '@signpost/protocol/tuf/client';
import { type Json, signMetadata, TestRepository } from './repository.ts';

const badTargets: Readonly<Record<string, readonly [TrustErrorCode, (targets: Json) => void]>> = {
  'version 2 of the specification': ['malformed', (targets) => Object.assign(targets, { spec_version: '2.0.0' })],
  'version 0': ['malformed', (targets) => Object.assign(targets, { version: 0 })],
  'an expiry that is no time': ['malformed', (targets) => Object.assign(targets, { expires: '2027-02-30T00:00:00Z' })],
  'a target without hashes': ['malformed', (targets) => Object.assign(targets.targets['file.txt'], { hashes: {} })],
  'a target without a length': ['malformed', (targets) => delete targets.targets['file.txt'].length],
  'a negative length': ['malformed', (targets) => Object.assign(targets.targets['file.txt'], { length: -1 })],
  'too many hashes': [
    'too_large',
    (targets) => {
      const hashes = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`h${index}`, '00']));
      Object.assign(targets.targets['file.txt'], { hashes });
    },
  ],
  'delegations without roles': ['malformed', (targets) => Object.assign(targets, { delegations: { keys: {} } })],
  'delegations of both kinds': [
    'malformed',
    (targets) => Object.assign(targets, { delegations: { keys: {}, roles: [], succinct_roles: {} } }),
  ],
  'a delegated role named like a top-level one': ['malformed', (targets) => delegateTo(targets, { name: 'root' })],
  'a delegated role without paths': ['malformed', (targets) => delegateTo(targets, { paths: undefined })],
  'a delegated role with paths of both kinds': [
    'malformed',
    (targets) => delegateTo(targets, { path_hash_prefixes: ['0'] }),
  ],
  'a hash prefix that is none': [
    'malformed',
    (targets) => delegateTo(targets, { paths: undefined, path_hash_prefixes: ['0G'] }),
  ],
  'a threshold of 0': ['malformed', (targets) => delegateTo(targets, { threshold: 0 })],
  'too many key ids': [
    'too_large',
    (targets) => delegateTo(targets, { keyids: Array.from({ length: 257 }, (_, index) => `${index}`) }),
  ],
  'a role delegated to twice': [
    'malformed',
    (targets) => {
      delegateTo(targets, {});
      targets.delegations.roles.push(targets.delegations.roles[0]);
    },
  ],
  'bins of 33 bits': ['malformed', (targets) => delegateToBins(targets, 33)],
  'bins of 0 bits': ['malformed', (targets) => delegateToBins(targets, 0)],
};

suite('refused for what stands in signed targets', () => {
  for (const [name, [code, change]] of Object.entries(badTargets)) {
    test(name, async () => {
      const repository = await TestRepository.create();
      change(repository.roles.targets);
      repository.roles.targets = JSON.parse(JSON.stringify(repository.roles.targets));
      repository.snapshot.meta['targets.json'] = { version: 1 };
      repository.serve('/1.targets.json', await signMetadata(repository.roles.targets, repository.keys.targets ?? []));
      await assert.rejects(refreshRepository(repository.connect()), { name: 'TrustError', code });
    });
  }
});

function delegateTo(targets: Json, change: Json): void {
  const role = { name: 'team', keyids: [], threshold: 1, terminating: false, paths: ['*'], ...change };
  targets.delegations = { keys: {}, roles: [role] };
}

function delegateToBins(targets: Json, bits: number): void {
  const bins = { keyids: [], threshold: 1, bit_length: bits, name_prefix: 'bin' };
  targets.delegations = { keys: {}, succinct_roles: bins };
}
