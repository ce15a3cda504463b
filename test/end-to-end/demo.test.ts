/** `signpost demo --json`: one line when all is ready, a server that answers, and an end by signal. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startCommand } from '../programs/command.ts';

const fields = ['admin', 'api_key', 'base', 'channel', 'checks', 'data_dir', 'project', 'root_dir', 'root_pubkey_b64'];
const attacks = [
  'a flipped byte in the download',
  'an older manifest (rollback)',
  'a manifest by a revoked key',
  'a trust list with a lower version',
];

test('the demo prints one JSON line, serves, and ends by a signal', { timeout: 290_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-demo-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const child = startCommand(['demo', '--json', '--dir', join(folder, 'demo')], {
    SIGNPOST_CLAMD: join(folder, 'no-clamd'),
  });
  child.stderr?.resume();
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout });
  const printed: string[] = [];
  lines.on('line', (line) => printed.push(line));
  await new Promise((resolve) => lines.once('line', resolve));
  const ready = JSON.parse(printed[0] ?? '');
  assert.deepEqual(Object.keys(ready).sort(), fields);
  const refused = ready.checks
    .filter(({ result }: { result: string }) => result === 'refused')
    .map(({ name }: { name: string }) => name);
  assert.deepEqual(refused, attacks);
  assert.ok(ready.checks.every(({ result }: { result: string }) => result !== 'failed'));
  const answer = await fetch(`${ready.base}/api/projects/${ready.project}/manifest`);
  assert.equal(answer.status, 200);
  const status = await fetch(`${ready.base}/api/status`, { headers: { authorization: `Bearer ${ready.api_key}` } });
  assert.equal(status.status, 200);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.equal(printed.length, 1);
});
