/** The name of a log: by where the server is when the log begins, and the same for as long as the log runs. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseNoteKey } from '@signpost/protocol/tlog/note-key';
import { logOriginPattern } from '@signpost/protocol/updates/trust-list';
import { serve } from '../../../src/main.ts';
import { initialise } from '../../../src/setup.ts';
import { encodeLogKey } from '../../../src/trust/log/checkpoint.ts';
import { findOpenLog } from '../../../src/trust/log/store.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createQuickPasswords } from '../../accounts/quick-passwords.ts';
import { openFolder } from '../../backup/scene.ts';
import { createScene } from '../../releases/scene.ts';
import { silentLog } from '../../silent-log.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';

const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };
const founding = {
  masterPassword: 'a long master password',
  organisationName: 'Example',
  admin: { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' },
};

for (const [baseUrl, origin] of [
  ['https://updates.example.com', 'updates.example.com/log'],
  ['https://example.com:8443/signpost', 'example.com:8443/signpost/log'],
  ['https://example.com/c++/updates', 'example.com/c%2B%2B/updates/log'],
  ['http://[::1]:8787', '[::1]:8787/log'],
  ['https://b\u00fccher.example', 'xn--bcher-kva.example/log'],
] as const) {
  test(`a server at ${baseUrl} begins the log ${origin}, which a trust list can name`, async (t) => {
    const database = await openMigratedSqlite(await openFolder(t));
    t.after(() => database.close());
    const { dependencies } = await createScene(database);
    await openLog({ ...dependencies, baseUrl });
    const log = await findOpenLog(database.query);
    assert.equal(log?.origin, origin);
    assert.match(origin, logOriginPattern);
    assert.equal((await parseNoteKey(encodeLogKey(log))).name, origin);
  });
}

test('a server that moves to another host keeps its log, with its name and key', async (t) => {
  const dataDir = await openFolder(t);
  const passwordFile = join(await openFolder(t), 'password');
  await writeFile(passwordFile, `${founding.masterPassword}\n`);
  const settings = (baseUrl: string) => ({
    ...{ SIGNPOST_DATA: dataDir, SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off', SIGNPOST_BASE_URL: baseUrl },
    SIGNPOST_VAULT_PASSWORD_FILE: passwordFile,
  });
  const look = async (baseUrl: string) => {
    const server = await serve(settings(baseUrl), quick);
    try {
      let checkpoint = await fetch(`${server.url}/log/checkpoint`);
      for (; checkpoint.status !== 200; checkpoint = await fetch(`${server.url}/log/checkpoint`)) await sleep(25);
      const { log } = (await (await fetch(`${server.url}/api/signing/pubkey`)).json()) as { log: object };
      const [origin] = (await checkpoint.text()).split('\n', 1);
      return { origin, log };
    } finally {
      await server.stop();
    }
  };
  await initialise(settings('https://old.example.com'), founding, quick);
  const before = await look('https://old.example.com');
  assert.equal(before.origin, 'old.example.com/log');
  assert.deepEqual(await look('https://new.example.com/updates'), before);
});
