/** `signpost wordpress deploy` against a real server and repository: what the tools found stands beside the diff. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeZip } from '../../packages/cli/src/demo/zip.ts';
import { createRoot, installServerKey, startServer } from '../../packages/cli/test/support/server.ts';
import { committer, createRepository, startSvnserve } from '../programs/subversion.ts';

const header = '<?php\n/*\nPlugin Name: Acme\nVersion: 1.0.0\n*/\n';
const readme = '=== Acme ===\nStable tag: 1.0.0\nTags: a, b\n\nShort.\n';

test('a deploy shows what the tools found with its diff, and is committed once somebody answers for the soft gates', async (t) => {
  const repository = await createRepository('acme-forms');
  t.after(() => repository.remove());
  const served = await startSvnserve(repository, 'acme-forms');
  t.after(() => served.stop());
  const server = await startServer(t, { prepare: () => ({ SIGNPOST_WORDPRESS_HOSTS: served.host }) });
  const { cwd, json, signpost } = server;
  await json('project', 'create', 'acme-forms', '--kind', 'wordpress_plugin');
  await writeFile(join(cwd, 'password'), `${committer.password}\n`, { mode: 0o600 });
  const login = ['--username', committer.username, '--password-file', 'password', '--repository', served.url];
  await json('wordpress', 'credentials', 'set', 'acme-forms', ...login);
  const files = {
    'acme-forms/acme-forms.php': `${header}eval($_POST["x"]);\n`,
    'acme-forms/readme.txt': readme,
  };
  const entries = Object.entries(files).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) }));
  await writeFile(join(cwd, 'acme.zip'), encodeZip(entries));
  await installServerKey(server, '*', await createRoot(server));
  await json('release', 'upload', 'acme.zip', '--project', 'acme-forms', '--release', '1.0.0', '--activate');

  const hard = await signpost('wordpress', 'deploy', 'acme-forms', '1.0.0');
  assert.deepEqual([hard.code, hard.stderr], [1, '']);
  assert.match(hard.stdout, /A acme-forms\.php.*security \(hard\) failed.*a hard gate keeps.*digest [0-9a-f]{64}\n$/s);
  const digest = /digest ([0-9a-f]{64})/.exec(hard.stdout)?.[1] ?? '';
  const refused = await signpost('wordpress', 'confirm', 'acme-forms', '--diff', digest);
  assert.deepEqual([refused.code, /\[preflight-refused\]/.test(refused.stderr)], [1, true], refused.stderr);
  await json('wordpress', 'cancel', 'acme-forms');

  await json('wordpress', 'preflight', 'settings', 'acme-forms', '--security', 'soft');
  const soft = await signpost('wordpress', 'deploy', 'acme-forms', '1.0.0');
  assert.equal(soft.code, 0, soft.stderr);
  const [, next = ''] = /Commit it: signpost (.*)\n/.exec(soft.stdout) ?? [];
  assert.match(next, /^wordpress confirm acme-forms --diff [0-9a-f]{64} --acknowledge [0-9a-f-]{36}$/);
  const unanswered = await signpost(...next.split(' ').slice(0, 5));
  assert.deepEqual([unanswered.code, /\[preflight-acknowledge\]/.test(unanswered.stderr)], [1, true]);
  const deployed = await signpost(...next.split(' '));
  assert.deepEqual([deployed.code, /1\.0\.0 is deployed: revision/.test(deployed.stdout)], [0, true], deployed.stderr);
});
