/** A policy tried on a release of a server, and a bundle verified under the server's own trusted root. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeTrustedRoot } from '../../../protocol/test/sigstore/instance.ts';
import { artifact, mint } from '../../../protocol/test/sigstore/minted.ts';
import { encodeZip } from '../../src/demo/zip.ts';
import { identityPolicy, identityWords, writeJson } from '../evidence/minted.ts';
import { startServer } from '../support/server.ts';

test('the trusted root comes from the server, and so does the verdict on its release', async (t) => {
  const { cwd, json, signpost } = await startServer(t);
  await writeFile(join(cwd, 'tool'), artifact);
  await writeJson(join(cwd, 'tool.bundle'), await mint());
  await writeJson(join(cwd, 'root.json'), describeTrustedRoot());
  const words = ['verify', 'tool', '--bundle', 'tool.bundle', ...identityWords];
  const none = await signpost(...words);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no trusted root/);
  await json('trust-root', 'add', 'internal', '--file', 'root.json');
  assert.equal((await json(...words)).trusted_root, 'internal');
  await json('trust-root', 'add', 'second', '--file', 'root.json');
  const several = await signpost(...words);
  assert.equal(several.code, 2);
  assert.match(several.stderr, /several trusted roots: internal, second\nhint: --trust-root NAME/);
  assert.equal((await json(...words, '--trust-root', 'second')).trusted_root, 'second');

  await json('project', 'create', 'demo-app');
  await writeFile(join(cwd, 'app.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]));
  await json('release', 'upload', 'app.zip', '--project', 'demo-app', '--release', '1.0.0');
  await writeFile(
    join(cwd, 'policy.yaml'),
    `policy: 1\nsignature:\n${identityPolicy.replaceAll(/^/gm, '  ').trimEnd()}\n`,
  );
  const trial = ['policy', 'test', 'policy.yaml', '--project', 'demo-app', '--release'];
  const denied = await signpost(...trial, '1.0.0');
  assert.equal(denied.code, 1);
  assert.match(denied.stdout, /NO +signature of app\.zip: [\s\S]*The policy denies the release\./);
  const unknown = await signpost(...trial, '2.0.0', '--json');
  assert.deepEqual([unknown.code, JSON.parse(unknown.stdout).error.code], [1, 'not_found']);
});
