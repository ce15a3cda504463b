/** Invariant 6 on a full disk: what was acknowledged stays, what cannot be kept is told as an outage, and it passes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { waitUntil } from '../../packages/protocol/test/wait-until.ts';
import { createKeyPair } from '../../packages/server/src/backup/age/keys.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { CallError, createOperator, type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, createProject, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { install, type RunningServer, startServer } from '../programs/server.ts';
import { createSmallDisk } from '../programs/small-disk.ts';

const skip = process.platform === 'linux' ? false : 'a full disk is made by mount or prlimit, of Linux';

test('a server on a full disk answers 503, goes on serving, loses nothing, and recovers by itself', {
  skip,
}, async (t) => {
  const disk = await createSmallDisk();
  t.after(() => disk.remove());
  const installation = await install({ SIGNPOST_DATA: `${disk.dir}/data` });
  t.after(() => installation.remove());
  const server = await startServer(installation);
  t.after(() => server.kill());
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  await pinRoot(operator, await OfflineRoot.create());
  await createProject(operator, 'alpha');
  const first = await publish(operator, '1.0.0');

  const pid = pidOf(server);
  disk.fill(pid);
  const kept = await createUntilRefused(operator);
  await assert.rejects(publish(operator, '2.0.0'), isOutage);
  assert.equal((await fetch(`${server.base}/healthz`)).status, 200);
  assert.equal((await operator.call('GET', '/api/projects/alpha/manifest')).manifest.version, '1.0.0');
  assert.deepEqual(await download(server.base, '1.0.0'), first);

  disk.clear(pid);
  const second = await publish(operator, '3.0.0');
  await server.kill();
  const again = await startServer(installation);
  t.after(() => again.kill());
  const after = createOperator(again.base, operator.headers);
  await after.call('GET', '/api/audit/verify');
  const { projects } = await after.call('GET', '/api/projects');
  assert.deepEqual(
    projects.map(({ slug }: { slug: string }) => slug).sort(),
    ['alpha', ...kept].sort(),
    'every project that was acknowledged, and no other',
  );
  assert.equal((await after.call('GET', '/api/projects/alpha/manifest')).manifest.version, '3.0.0');
  assert.deepEqual(await download(again.base, '1.0.0'), first);
  assert.deepEqual(await download(again.base, '3.0.0'), second);
});

test('a backup that does not fit says so, leaves nothing lying about, and the next one is made when there is room', {
  skip,
}, async (t) => {
  const disk = await createSmallDisk();
  t.after(() => disk.remove());
  const dir = `${disk.dir}/backups`;
  const { recipient } = createKeyPair();
  const installation = await install({ SIGNPOST_BACKUP_DIR: dir, SIGNPOST_BACKUP_RECIPIENTS: recipient });
  t.after(() => installation.remove());
  const server = await startServer(installation);
  t.after(() => server.kill());
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  await createProject(operator, 'alpha');
  const pid = pidOf(server);
  disk.fill(pid);
  // Where the limit is one of the process, its database has no room either, and nothing is taken up.
  const refused = await makeBackup(operator).catch((error: unknown) => {
    assert.ok(isOutage(error), String(error));
    return { stage: 'failed', rule: 'backup-disk-full' };
  });
  assert.deepEqual([refused.stage, refused.rule], ['failed', 'backup-disk-full']);
  assert.deepEqual(await listNames(dir), []);
  assert.deepEqual((await operator.call('GET', '/api/backups')).backups, []);
  assert.equal((await operator.call('GET', '/api/projects')).projects.length, 1);
  disk.clear(pid);
  const made = await makeBackup(operator);
  assert.equal(made.stage, 'done');
  assert.deepEqual(await listNames(dir), [made.name]);
  await operator.call('GET', '/api/audit/verify');
});

/** Asks for a backup, and returns what its job says in the end. */
async function makeBackup(operator: Operator): Promise<{ stage: string; rule?: string; name?: string }> {
  const { job } = await operator.call('POST', '/api/backups', {});
  const read = async () => (await operator.call('GET', `/api/jobs/${job}`)).progress;
  await waitUntil('the backup to end', async () => ['done', 'failed'].includes((await read())?.stage));
  return read();
}

async function listNames(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

/** Creates projects until the server has no room for one more; returns those that it acknowledged. */
async function createUntilRefused(operator: Operator): Promise<string[]> {
  const kept: string[] = [];
  for (let number = 1; number < 2000; number += 1) {
    const slug = `filler-${number}`;
    try {
      await createProject(operator, slug);
    } catch (error) {
      assert.ok(isOutage(error), `expected 503, got ${error}`);
      return kept;
    }
    kept.push(slug);
  }
  throw new Error('expected the disk to be full');
}

async function publish(operator: Operator, version: string): Promise<Buffer> {
  const bytes = Buffer.concat([Buffer.from('noise:'), randomBytes(300_000)]);
  await uploadRelease(operator, { project: 'alpha', version, name: 'app.bin', bytes });
  await activateRelease(operator, 'alpha', version);
  return bytes;
}

async function download(base: string, version: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(`${base}/alpha/${version}`)).arrayBuffer());
}

function isOutage(error: unknown): boolean {
  return error instanceof CallError && error.status === 503;
}

function pidOf({ process: child }: RunningServer): number {
  if (child.pid === undefined) throw new Error('expected a running server');
  return child.pid;
}
