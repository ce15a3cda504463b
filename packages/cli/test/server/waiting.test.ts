/** What needs a person, by the command: from a real server, and of each kind as the server tells it. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeWaiting } from '../../src/commands/server/waiting.ts';
import { encodeZip } from '../../src/demo/zip.ts';
import { runJson } from '../support/run.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

test('what waits is listed with the command that leads on, and nothing is told where nothing waits', async (t) => {
  const server = await startServer(t);
  const { cwd, json, signpost, base } = server;
  assert.deepEqual(await json('waiting'), { waiting: [], total: 0 });
  assert.equal((await signpost('waiting')).stdout, 'Nothing waits for a person.\n');
  await installServerKey(server, '*', await createRoot(server));
  await json('collection', 'create', 'addons');
  const { key } = await json('module', 'author', 'add', 'addons', 'Ada');
  const author = { cwd, env: { SIGNPOST_SERVER: base, SIGNPOST_API_KEY: (key as { key: string }).key } };
  await writeFile(join(cwd, 'module.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]));
  const submit = (module: string) =>
    runJson(
      ['module', 'submit', 'module.zip', '--collection', 'addons', '--module', module, '--release', '1.0'],
      author,
    );
  const first = await submit('maps');
  await submit('chat');

  const told = await signpost('waiting', '--limit', '1');
  assert.equal(told.code, 0, told.stderr);
  const [what, command, more] = told.stdout.split('\n');
  assert.match(what ?? '', /^medium: maps 1\.0 was handed in to addons, since \d{4}-/);
  assert.equal(command, `  signpost module submission addons ${first.id}`);
  assert.equal(more, '1 more: --limit 2');
  assert.equal(
    (await json(...(command ?? '').trim().split(' ').slice(1))).module,
    'maps',
    'the command runs as it stands',
  );
  const all = await json('waiting');
  assert.deepEqual([all.total, (all.waiting as unknown[]).length], [2, 2]);
  assert.equal((await signpost('waiting', '--limit', '0')).code, 2);
  const refused = await runJson(['waiting'], author).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  assert.match(refused ?? '', /forbidden/, 'authors see their own submissions alone');
});

test('each kind of what waits is told in a sentence, with its names quoted where a shell would read them otherwise', () => {
  const since = '2026-01-02T03:04:05.000Z';
  const tell = (subject: Readonly<Record<string, string>>) => describeWaiting({ severity: 'high', since, subject });
  const certificate = { kind: 'certificate', id: 'c1', name: 'shop', ends_at: '2026-02-01T00:00:00.000Z' };
  assert.deepEqual(tell(certificate), [
    `high: certificate shop ends at 2026-02-01T00:00:00.000Z, since ${since}`,
    '  signpost cert renew c1',
  ]);
  assert.deepEqual(tell({ kind: 'case', source: 'oci:a/b', finding: 'f1', title: 'Signed by somebody else' }), [
    `high: oci:a/b: Signed by somebody else, since ${since}`,
    '  signpost watch finding f1',
  ]);
  assert.deepEqual(tell({ kind: 'approval', project: 'compass', version: '1.0.0 $(id)' }), [
    `high: compass 1.0.0 $(id) is to be signed by its maintainers, since ${since}`,
    "  signpost approve compass '1.0.0 $(id)'",
  ]);
  assert.deepEqual(tell({ kind: 'deploy', project: 'forms', id: 'd1', version: '2.0.0' }), [
    `high: the deploy of forms 2.0.0 is to be confirmed, since ${since}`,
    '  signpost wordpress status forms',
  ]);
  assert.deepEqual(tell({ kind: 'eclipse' }), [`high: eclipse, since ${since}`], 'of a newer server');
});
