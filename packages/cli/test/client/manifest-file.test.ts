import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { filesOf, pathOf } from '../../src/client/manifest-file.ts';

/** A manifest that lists no artifacts, as older servers sign it. */
function createManifest(url: string) {
  return { project: 'my-app', artifacts: [], main: { sha256: '0'.repeat(64), sizeBytes: 1, url } };
}

function isMalformed(error: unknown): boolean {
  return error instanceof TrustError && error.code === 'malformed';
}

test('a file without a listed name gets the last part of its URL, and none that would surprise on a disk', () => {
  assert.equal(filesOf(createManifest('/my-app/1.0.0/app%20one.zip'))[0]?.name, 'app one.zip');
  for (const name of ['.npmrc', '-rf', 'a%0ab', '%1b%5b2J', '%ff', 'a:b', 'a%e2%80%aeb', 'CON.']) {
    assert.throws(() => filesOf(createManifest(`/my-app/1.0.0/${name}`)), isMalformed, name);
  }
});

test('a mirror serves a file below its project only: a signer of one project has no say over other paths', () => {
  const place = (url: string) => pathOf(createManifest(url), { url });
  assert.deepEqual(place('/my-app/1.0.0%2Bbuild/app%20one.zip'), ['my-app', '1.0.0+build', 'app one.zip']);
  const elsewhere = [
    '/other/1.0.0/app.zip',
    '/api/projects/other/manifest',
    '/.well-known/acme-challenge/token',
    '/index.html',
    '/my-app',
    '/my-app/.htaccess',
    '/my-app/1.0.0/.htaccess',
    '/my-app/%ff/app.zip',
  ];
  for (const url of elsewhere) assert.throws(() => place(url), isMalformed, url);
});
