/** What comes of a backup here when the server, or whoever stands in between, is not honest. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createWorkplace, run } from '../support/run.ts';

const archive = 'the rows of a whole server';
const told = {
  ...{ stage: 'done', name: 'signpost-backup-2026-11-21.zip', size_bytes: archive.length },
  sha256: createHash('sha256').update(archive).digest('hex'),
};

/** A server whose job ended as `told` says and whose backup is `body`. */
async function startBackupServer(t: TestContext, { name, body }: { name: string; body: string }) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    request.resume();
    const answer = (status: number, document: object) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
    if (url === '/api/session') {
      return answer(200, { person: { email: 'a@x.example' }, role: 'admin', expires_at: '', csrf_token: 'c' });
    }
    if (url.endsWith('/download')) return response.end(body);
    if (method === 'POST') return answer(202, { job: 'j1' });
    if (url.startsWith('/api/jobs/')) return answer(200, { state: 'done', progress: { ...told, name } });
    return method === 'DELETE' ? response.writeHead(204).end() : answer(200, { schedule: { recipients: [] } });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

async function download(t: TestContext, faults: Partial<{ name: string; body: string }>) {
  const server = await startBackupServer(t, { name: told.name, body: archive, ...faults });
  const cwd = await createWorkplace(t);
  const env = { SIGNPOST_SERVER: server.base, SIGNPOST_API_KEY: 'sgp_test' };
  await writeFile(join(cwd, 'ap'), 'an admin password\n', { mode: 0o600 });
  const who = ['--email', 'a@x.example', '--password-file', 'ap'];
  const ended = await run(['backup', 'create', '--plain', '--out', 'out/here', ...who], { cwd, env });
  return { ...ended, cwd, requests: server.requests };
}

test('a plain backup is for the eyes of its owner only', async (t) => {
  const { code, stderr, cwd, requests } = await download(t, {});
  assert.equal(code, 0, stderr);
  assert.equal((await stat(join(cwd, 'out/here', told.name))).mode & 0o777, 0o600);
  assert.ok(requests.includes(`DELETE /api/backups/${told.name}`));
});

test('a backup that arrives with other bytes is not kept, and stays on the server', async (t) => {
  const { code, stderr, cwd, requests } = await download(t, { body: archive.replace('whole', 'other') });
  assert.deepEqual([code, /SHA-256/.test(stderr)], [4, true], stderr);
  assert.deepEqual(await readdir(join(cwd, 'out/here')), []);
  assert.ok(!requests.includes(`DELETE /api/backups/${told.name}`));
});

test('a server chooses no path on this machine', async (t) => {
  for (const name of ['../../authorized_keys', '../signpost-backup-2026-11-21.zip', '/tmp/x', '.', 'x.zip']) {
    const { code, cwd } = await download(t, { name });
    assert.deepEqual([code, await readdir(join(cwd, 'out')), await readdir(join(cwd, 'out/here'))], [1, ['here'], []]);
  }
});
