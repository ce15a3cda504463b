/** Webhooks by the command: a real server posts to the receiver that docs/webhooks.md has. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { chooseFreePort } from '../../../protocol/test/free-port.ts';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { createRoot, installServerKey, startServer } from '../support/server.ts';

const page = join(import.meta.dirname, '../../../../docs/webhooks.md');

test('a webhook is made, tried out, told of the trust list, exchanged and removed', async (t) => {
  const server = await startServer(t, { prepare: () => ({ SIGNPOST_WEBHOOK_ADDRESSES: 'any' }) });
  const { cwd, json, signpost } = server;
  const port = await chooseFreePort();
  const made = await json('webhook', 'create', `http://127.0.0.1:${port}/`, '--type', 'trust.updated');
  const id = String(made.id);
  const nobody = await signpost('webhook', 'test', id);
  assert.deepEqual([nobody.code, /no answer: ECONNREFUSED/.test(nobody.stderr)], [1, true], nobody.stderr);

  const [, code = ''] = /```js\n(.*?)```/s.exec(await readFile(page, 'utf8')) ?? [];
  await writeFile(join(cwd, 'receiver.mjs'), code);
  const receiver = spawn(process.execPath, ['receiver.mjs'], {
    ...{ cwd, env: { WEBHOOK_SECRET: String(made.secret), PORT: String(port) } },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => receiver.kill());
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  await waitUntil(`a receiver on port ${port}`, () => answers(`http://127.0.0.1:${port}/`));

  assert.equal((await json('webhook', 'test', id)).state, 'delivered');
  assert.match(String((await lines.next()).value), /"type":"webhook.test"/);
  await installServerKey(server, '*', await createRoot(server));
  assert.match(String((await lines.next()).value), /"type":"trust.updated".*"trust_version":1/);
  const forged = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'webhook-signature': 'v1,é v1,' },
    body: '{}',
  });
  assert.equal(forged.status, 401);

  const { deliveries } = await json('webhook', 'deliveries', id, '--state', 'dead');
  const [dead] = deliveries as { id: string }[];
  assert.equal((await json('webhook', 'replay', id, String(dead?.id))).replayed, 1);
  assert.match(String((await lines.next()).value), /webhook.test/);
  // The receiver has printed it before the server has heard its answer.
  await waitUntil('three deliveries on record', async () => {
    const { deliveries } = await json('webhook', 'deliveries', id, '--state', 'delivered');
    return (deliveries as unknown[]).length === 3;
  });
  assert.equal((await json('webhook', 'replay', id, '--since', '1h', '--delivered')).replayed, 3);
  const neither = await signpost('webhook', 'replay', id);
  assert.deepEqual([neither.code, /expected either a delivery or --since/.test(neither.stderr)], [2, true]);
  const never = await signpost('webhook', 'replay', id, '--since', 'yesterday');
  assert.equal(never.code, 2);

  assert.match(String((await json('webhook', 'rotate', id, '--overlap-hours', '1')).secret), /^whsec_/);
  assert.equal((await json('webhook', 'test', id)).state, 'delivered');
  const changed = await json('webhook', 'change', id, '--all-types', '--description', 'all of it');
  assert.deepEqual([changed.types, changed.description], [[], 'all of it']);
  assert.equal((await signpost('webhook', 'change', id)).code, 2);
  assert.equal((await json('webhook', 'disable', id)).state, 'disabled');
  const off = await signpost('webhook', 'test', id);
  assert.match(off.stderr, /hint: signpost webhook enable/);
  assert.equal((await json('webhook', 'enable', id)).state, 'enabled');
  assert.match((await signpost('webhook', 'show', id)).stdout, /key +hmac-sha256, until/);
  await json('webhook', 'remove', id);
  assert.deepEqual((await json('webhook', 'list')).webhooks, []);
});

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
