/** The command that lists a key of the server, which is pasted where the root is, whatever the server answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { run } from '../support/run.ts';

const keyOf = (byte: number) => encodeBase64(new Uint8Array(32).fill(byte));

/** `signpost key list` of a server that gives its key and its push key so. */
async function listKeys(t: TestContext, pubkey: string, pushKey: string) {
  const key = { key_id: 'k', pubkey_b64: pubkey, label: 'l', scope: '*', state: 'created', in_trust_list: false };
  const answers: Record<string, unknown> = {
    '/api/signing-keys': { keys: [{ ...key, created_at: '2026-01-01T00:00:00Z' }] },
    '/api/push/identity': { active: { key_id: 'p', pubkey_b64: pushKey, label: 'p' }, waiting: null, vouched: false },
  };
  const server = createServer(({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answers[url] ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return run(['key', 'list'], { env: { SIGNPOST_SERVER: `http://127.0.0.1:${port}`, SIGNPOST_API_KEY: 'sp_x' } });
}

test('a key that is none is not written into a command for the machine of the root', async (t) => {
  const good = await listKeys(t, keyOf(1), keyOf(2));
  assert.equal(good.code, 0, good.stderr);
  assert.ok(good.stdout.includes(`--pubkey ${keyOf(1)} --label l --custody server --scope '*' --push-key ${keyOf(2)}`));
  for (const spoken of [`${keyOf(1)}; touch x`, '$(touch x)', 'AAAA', '\u001b[201~\ntouch x\n']) {
    for (const [pubkey, push] of [
      [spoken, keyOf(2)],
      [keyOf(1), spoken],
    ] as const) {
      const refused = await listKeys(t, pubkey, push);
      assert.notEqual(refused.code, 0);
      assert.doesNotMatch(refused.stdout, /touch|add-key/);
    }
  }
});
