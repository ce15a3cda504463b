import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileFacts } from '../../src/files/local-file.ts';
import { Client } from '../../src/http/client.ts';
import { partBytes, uploadFile, uploadsOf } from '../../src/http/upload.ts';
import { createWorkplace, run, runJson, start } from '../support/run.ts';
import { type Fault, startUploadServer } from '../support/upload-server.ts';

const sizeBytes = 2 * partBytes + 12_345;

async function createCase(t: TestContext, faults: readonly Fault[], options: { undecided?: boolean } = {}) {
  const cwd = await createWorkplace(t);
  const path = join(cwd, 'app.zip');
  const content = randomBytes(sizeBytes);
  await writeFile(path, content);
  const server = await startUploadServer(t, faults, options);
  const env = { SIGNPOST_SERVER: server.base, SIGNPOST_API_KEY: 'sgp_test' };
  const upload = async (resumeId?: string) => {
    const client = new Client({
      base: server.base,
      credential: { Authorization: 'Bearer sgp_test' },
      fetch: globalThis.fetch,
    });
    const progress = { update: () => undefined, finish: () => undefined };
    const request = {
      place: uploadsOf('demo'),
      path,
      facts: await readFileFacts(path),
      fields: { version: '1.0.0', name: 'app.zip' },
    };
    const speed = { waitMs: () => 1, polling: { everyMs: 1, times: 100 } };
    return uploadFile({ client, progress, resumeId, onStarted: async () => undefined, ...speed }, request);
  };
  return { cwd, path, content, server, env, upload };
}

test('a file goes up in parts of 8 MiB and is followed until its verdict', async (t) => {
  const { content, server, upload } = await createCase(t, []);
  assert.equal((await upload()).state, 'accepted');
  assert.deepEqual(server.offsets, [0, partBytes, 2 * partBytes]);
  assert.ok(server.received().equals(content));
});

test('a connection that breaks in the middle of a part goes on with the byte after the last one taken', async (t) => {
  const { content, server, upload } = await createCase(t, ['take', 'cut', 503, 503, 'take']);
  assert.equal((await upload()).state, 'accepted');
  assert.ok(server.received().equals(content));
  assert.ok(server.offsets.includes(partBytes + (partBytes >> 1)));
});

test('a server that stays away is given up after six attempts, as unavailable', async (t) => {
  const { server, upload } = await createCase(
    t,
    Array.from({ length: 20 }, (): Fault => 503),
  );
  await assert.rejects(upload(), { reason: 'unavailable' });
  assert.equal(server.offsets.length, 6);
});

test('a 409 says where to go on, also when that is further back', async (t) => {
  const { content, server, upload } = await createCase(t, ['take', 'forget']);
  assert.equal((await upload()).state, 'accepted');
  assert.deepEqual(server.offsets, [0, partBytes, 2 * partBytes, 1000, 1000 + partBytes, 1000 + 2 * partBytes]);
  assert.ok(server.received().equals(content));
});

test('a server that acknowledges and keeps nothing, or more than there is, is given up', async (t) => {
  const forgetful = await createCase(
    t,
    Array.from({ length: 20 }, (): Fault => 'repeat'),
  );
  await assert.rejects(forgetful.upload(), { reason: 'refused', message: /does not keep/ });
  assert.equal(forgetful.server.offsets.length, 7);
  const boastful = await createCase(t, ['overshoot']);
  await assert.rejects(boastful.upload(), { reason: 'refused', message: /between 0 and/ });
});

test('a server that never comes to a verdict is given up, as unavailable', async (t) => {
  const { upload } = await createCase(t, [], { undecided: true });
  await assert.rejects(upload(), { reason: 'unavailable', message: /verdict/ });
});

test('an upload that is whole already is only followed', async (t) => {
  const { server, upload } = await createCase(t, []);
  await upload();
  assert.equal((await upload('u1')).state, 'accepted');
  assert.deepEqual([server.offsets.length, server.created()], [3, 1]);
});

const words = ['release', 'upload', 'app.zip', '--project', 'demo', '--release', '1.0.0'];

/** Uploads until the second part hangs, then kills the command. */
async function breakOff({ cwd, env, server }: Awaited<ReturnType<typeof createCase>>): Promise<void> {
  const child = start(words, { cwd, env });
  const closed = once(child, 'close');
  while (server.offsets.length < 2 && child.exitCode === null) await sleep(20);
  child.kill('SIGKILL');
  await closed;
}

test('a killed command goes on where it stopped when it runs again', async (t) => {
  const began = await createCase(t, ['take', 'hang']);
  await breakOff(began);
  const done = await runJson(words, began);
  assert.deepEqual([done.project, done.version, began.server.created()], ['demo', '1.0.0', 1]);
  assert.ok(began.server.received().equals(began.content));
  assert.deepEqual(await readdir(join(began.cwd, '.config', 'signpost', 'uploads')), []);
});

test('Ctrl-C ends an upload at once with 130, says so, and the next run goes on', async (t) => {
  const began = await createCase(t, ['take', 'hang']);
  const child = start(words, began);
  const closed = once(child, 'close');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (began.server.offsets.length < 2 && child.exitCode === null) await sleep(20);
  child.kill('SIGINT');
  const [code] = await closed;
  assert.deepEqual([code, /goes on where it stopped/.test(said), /error: interrupted/.test(said)], [130, true, true]);
  assert.equal((await run(words, began)).code, 0);
  assert.equal(began.server.created(), 1);
});

test('another file of the same name is another upload, and a refusal names rule and hint', async (t) => {
  const began = await createCase(t, ['take', 'hang']);
  await breakOff(began);
  await writeFile(began.path, randomBytes(sizeBytes));
  // This server takes one file only: it still holds the beginning of the first one.
  const refused = await run([...words, '--json'], began);
  assert.deepEqual([refused.code, began.server.created()], [1, 2]);
  const { error } = JSON.parse(refused.stdout);
  assert.deepEqual(
    [error.code, error.message, error.hint],
    ['upload_refused', 'other bytes [digest-mismatch]', 'send it again'],
  );
});

test('names and versions that clients could not use are refused before anything is sent', async (t) => {
  const { cwd, env, server } = await createCase(t, []);
  const upload = (...more: string[]) =>
    run(['release', 'upload', 'app.zip', '--project', 'demo', ...more], { cwd, env });
  assert.equal((await upload('--release', '../1')).code, 2);
  assert.equal((await upload('--release', '1.0', '--name', 'a/b')).code, 2);
  assert.equal((await upload('--release', '1.0', '--platform', 'a', '--platform', 'b')).code, 2);
  assert.equal(server.created(), 0);
});

test('without a key the command says how to get one, and over plain HTTP elsewhere it sends none', async (t) => {
  const cwd = await createWorkplace(t);
  const anonymous = await run(['status'], { cwd });
  assert.equal(anonymous.code, 1);
  assert.match(anonymous.stderr, /hint: signpost login, set SIGNPOST_API_KEY/);
  const exposed = await run(['status', '--server', 'http://192.0.2.1'], { cwd, env: { SIGNPOST_API_KEY: 'sgp_test' } });
  assert.equal(exposed.code, 2);
  assert.match(exposed.stderr, /unencrypted/);
});
