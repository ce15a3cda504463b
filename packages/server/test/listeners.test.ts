/** A whole server that shows a certificate of its own authority, with a socket in the clear beside it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../src/main.ts';
import { initialise } from '../src/setup.ts';
import { createQuickPasswords } from './accounts/quick-passwords.ts';
import { rootPassphrase } from './pki/scene.ts';
import { send } from './planes-scene.ts';
import { silentLog } from './silent-log.ts';
import { cheapCost } from './vault/cheap-cost.ts';

const masterPassword = 'a long master password';

/** Status and body over HTTPS, for a client that trusts `ca` alone. */
async function ask(url: string, ca: string): Promise<{ status: number | undefined; body: string }> {
  const asked = request(url, { ca, agent: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, body };
}

test('a server speaks TLS with a certificate of its own authority, also before its vault is open', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, masterPassword, { mode: 0o600 });
  const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };
  const plain = { SIGNPOST_DATA: join(folder, 'data'), SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off' };
  const open = { ...plain, SIGNPOST_VAULT_PASSWORD_FILE: passwordFile };
  const admin = { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' };
  const { apiKey } = await initialise(open, { masterPassword, organisationName: 'Example', admin }, quick);
  const as = { authorization: `Bearer ${apiKey}` };

  const first = await serve(open, quick);
  t.after(() => first.stop());
  const create = async (json: object) => {
    const { status, body } = await send(`${first.url}/api/authorities`, 'POST', { as, json });
    assert.equal(status, 201, body.toString());
  };
  const passphrase = { passphrase: rootPassphrase };
  await create({ kind: 'root', name: 'root', subject: { CN: 'Root' }, ...passphrase });
  await create({ kind: 'intermediate', name: 'web', parent: 'root', subject: { CN: 'Web' }, ...passphrase });
  const ca = (await send(`${first.url}/pki/root/ca.pem`, 'GET')).body.toString();
  await first.stop();

  const secured = { SIGNPOST_TLS_AUTHORITY: 'web', SIGNPOST_HTTP_LISTEN: '127.0.0.1:0' };
  const second = await serve({ ...open, ...secured }, quick);
  t.after(() => second.stop());
  assert.match(second.url, /^https:/);
  assert.deepEqual(await ask(`${second.url}/healthz`, ca), { status: 200, body: 'ok\n' });
  assert.equal((await send(`${second.plainUrl}/pki/root/ca.pem`, 'GET')).body.toString(), ca);
  assert.equal((await send(`${second.plainUrl}/api/session`, 'POST', { json: {} })).status, 403);
  await second.stop();

  const locked = await serve({ ...plain, ...secured }, quick);
  t.after(() => locked.stop());
  assert.equal(locked.vault, 'locked');
  assert.equal((await ask(`${locked.url}/healthz`, ca)).status, 200);
});
