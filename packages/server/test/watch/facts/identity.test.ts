/** An identity is what a certificate says, without what changes with each release. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignerClaims } from '@signpost/protocol/sigstore/claims';
import { encodeIdentity, identityOf } from '../../../src/watch/facts/identity.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const path = 'https://github.com/org/app/.github/workflows/release.yml';

function claimsAt(ref: string, differs: Partial<SignerClaims> = {}): SignerClaims {
  return { issuer, subject: { kind: 'uri', value: `${path}@${ref}` }, buildSignerUri: `${path}@${ref}`, ...differs };
}

test('two releases of one workflow are one identity, a branch or a pull request another', () => {
  const texts = ['refs/tags/v1', 'refs/tags/v2', 'refs/heads/main', 'refs/pull/7/merge', 'refs/merge-requests/7/head']
    .map((ref) => identityOf(claimsAt(ref)))
    .map(({ subject, workflow, refType }) => [subject, workflow, refType]);
  assert.deepEqual(texts, [
    [path, path, 'tag'],
    [path, path, 'tag'],
    [path, path, 'branch'],
    [path, path, 'pull-request'],
    [path, path, 'pull-request'],
  ]);
  assert.equal(
    encodeIdentity(identityOf(claimsAt('refs/tags/v1'))),
    encodeIdentity(identityOf(claimsAt('refs/tags/v2'))),
  );
});

test('the ref that the platform vouches for counts before the one in the name', () => {
  const { refType } = identityOf(claimsAt('refs/tags/v1', { sourceRepositoryRef: 'refs/pull/1/merge' }));
  assert.equal(refType, 'pull-request');
  assert.equal(identityOf(claimsAt('refs/notes/x')).refType, 'other');
});

test('a person has issuer and subject, and what the certificate does not say is absent', () => {
  const identity = identityOf({ issuer, subject: { kind: 'email', value: 'a@b.example@refs' } });
  assert.equal(encodeIdentity(identity), `{"issuer":"${issuer}","subject":"a@b.example@refs"}`);
});

test('all claims that are compared are taken over', () => {
  const identity = identityOf(
    claimsAt('refs/tags/v1', {
      ...{ sourceRepositoryOwnerIdentifier: '1', sourceRepositoryIdentifier: '2', buildTrigger: 'push' },
      ...{ sourceRepositoryOwnerUri: 'https://github.com/org', sourceRepositoryUri: 'https://github.com/org/app' },
      ...{ runnerEnvironment: 'github-hosted', sourceRepositoryVisibility: 'public' },
    }),
  );
  assert.deepEqual(identity, {
    ...{ issuer, subject: path, workflow: path, refType: 'tag', ownerId: '1', repositoryId: '2', trigger: 'push' },
    ...{ owner: 'https://github.com/org', repository: 'https://github.com/org/app', runner: 'github-hosted' },
    visibility: 'public',
  });
});
