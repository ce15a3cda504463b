/** From a policy in a file to a release that it lets through: denied, explained, overridden in person, published, seen by clients. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mint } from '../../../protocol/test/sigstore/minted.ts';
import { encodeZip } from '../../src/demo/zip.ts';
import { writeJson } from '../evidence/minted.ts';
import { run, runJson } from '../support/run.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

const project = ['--project', 'demo-app'];

test('a release waits for its policy, and an override is for a person, a reason and everybody to see', async (t) => {
  const server = await startServer(t);
  const { cwd, base, json, signpost } = server;
  const root = await createRoot(server);
  await installServerKey(server, '*', root);
  await json('project', 'create', 'demo-app');
  await writeFile(join(cwd, 'policy.yaml'), 'policy: 1\nscan: {}\n');
  assert.equal((await json('policy', 'set', 'policy.yaml', ...project)).version, 1);
  assert.equal((await signpost('policy', 'show', ...project)).stdout, 'policy: 1\nscan: {}\n');
  await writeFile(join(cwd, 'bad.yaml'), 'policy: 1\nscans: {}\n');
  const bad = await signpost('policy', 'set', 'bad.yaml', ...project);
  assert.deepEqual([bad.code, /no members but .*scan.*, got scans/.test(bad.stderr)], [1, true]);

  await writeFile(join(cwd, 'app.zip'), encodeZip([{ name: 'readme.txt', bytes: Buffer.from('hello') }]));
  await json('release', 'upload', 'app.zip', ...project, '--release', '1.0.0');
  const denied = await signpost('release', 'activate', '1.0.0', ...project);
  assert.equal(denied.code, 1);
  assert.match(
    denied.stderr,
    /scan of app\.zip: expected found clean.*found not scanned.*\[policy-denied\]\nhint: signpost evidence show/,
  );
  const shown = await signpost('evidence', 'show', '1.0.0', ...project);
  assert.match(
    shown.stdout,
    /\?\? +scan of app\.zip: not scanned\n +expected found clean[^\n]*\n +hint: signpost rescan\nThe policy denies/,
  );

  await writeJson(join(cwd, 'other.bundle'), await mint());
  const attached = await json('evidence', 'attach', '1.0.0', 'other.bundle', ...project, '--artifact', 'app.zip');
  const [{ sha256 } = {}] = attached.attached as { sha256?: string }[];
  await json('evidence', 'download', '1.0.0', String(sha256), ...project, '--out', 'again.bundle');
  assert.deepEqual(await readFile(join(cwd, 'again.bundle')), await readFile(join(cwd, 'other.bundle')));
  assert.equal((await signpost('evidence', 'attach', '1.0.0', 'policy.yaml', ...project)).code, 1);

  const override = ['override', 'create', '1.0.0', ...project, '--rule', 'scan', '--reason', 'the scanner is down'];
  const byKey = await signpost(...override, '--yes');
  assert.deepEqual([byKey.code, /forbidden|not allowed|role/i.test(byKey.stderr)], [1, true]);
  await runJson(['login', '--server', base, '--email', 'alice@example.org', '--password-file', 'ap'], { cwd });
  const made = await runJson([...override, '--yes'], { cwd });
  assert.deepEqual(made.rules, ['scan']);
  assert.equal((await json('release', 'activate', '1.0.0', ...project)).state, 'active');

  // A client on another machine sees what was let go.
  const stranger = { cwd, env: { SIGNPOST_SERVER: base, XDG_CONFIG_HOME: join(cwd, 'stranger') } };
  const evidence = await runJson(['evidence', 'show', '1.0.0', ...project], stranger);
  assert.equal((evidence.verdict as { result: string }).result, 'waived');
  assert.deepEqual(
    (evidence.documents as { kind: string }[]).map(({ kind }) => kind),
    ['bundle', 'release', 'verification-summary'],
  );
  const got = await run(['download', 'demo-app', '--out', 'got.zip', '--root', root], stranger);
  assert.equal(got.code, 0);
  assert.equal((await json('policy', 'remove', ...project)).policy, null);
  const { versions } = await json('policy', 'history', ...project);
  assert.equal((versions as unknown[]).length, 2);
});
