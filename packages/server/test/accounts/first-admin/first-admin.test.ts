import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type FirstAdminParts, makeFirstAdmin } from '../../../src/accounts/first-admin/first-admin.ts';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { serve } from '../../../src/main.ts';
import { awaitFirstAdmin, initialise, renewSetupLink } from '../../../src/setup.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { Vault } from '../../../src/vault/vault.ts';
import { send } from '../../planes-scene.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine, type Locate } from '../../storage/engines.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { createQuickPasswords } from '../quick-passwords.ts';

const masterPassword = 'a long master password';
const wanted = { email: 'first@mail.example', name: 'First', password: 'correct horse battery' };
const passwords = createQuickPasswords();
const quick = { log: silentLog, passwords, vaultCost: cheapCost };
const dayMs = 86_400_000;

async function initialiseByLink(locate: Locate, withVault = true) {
  const location = await locate();
  const environment = {
    ...{ SIGNPOST_DATA: location.dataDir, SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off' },
    ...{ SIGNPOST_BASE_URL: 'https://updates.example', SIGNPOST_LOGINS_PER_MINUTE: '1000' },
    ...(location.databaseUrl === undefined ? {} : { SIGNPOST_DATABASE: location.databaseUrl }),
  };
  const request = { organisationName: 'Example', masterPassword: withVault ? masterPassword : undefined };
  const { setupLink } = await awaitFirstAdmin(environment, request, quick);
  return { location, environment, setupLink, token: tokenOf(setupLink) };
}

function tokenOf(link: string): string {
  return new URL(link).hash.slice(1);
}

/** Makes the first admin on the database itself, at a time of one's own. */
async function openParts(t: { after: (close: () => Promise<void>) => void }, database: Database, now = Date.now) {
  t.after(() => database.close());
  const vault = await Vault.open(database, now, { cost: cheapCost });
  const parts: FirstAdminParts = { database, vault, passwords, now };
  const [home] = await database.query.selectFrom('organisation').selectAll().execute();
  return (token: string, more: object = {}) =>
    makeFirstAdmin(parts, home?.id ?? '', { token, ...wanted, masterPassword: undefined, ...more });
}

forEachEngine((_engine, _open, locate) => {
  suite('the link for the first admin', () => {
    test('makes one on a server that answers, with the vault where there is none, and never again', async (t) => {
      const { environment, setupLink, token } = await initialiseByLink(locate, false);
      assert.match(setupLink, /^https:\/\/updates\.example\/console\/setup#[\w-]{43}$/);

      const server = await serve(environment, { log: silentLog, passwords });
      t.after(() => server.stop());
      const offer = async () => (await send(`${server.url}/api/sign-in`, 'GET')).json;
      assert.deepEqual([(await offer()).vault, (await offer()).first_admin], ['absent', 'awaited']);
      const make = (json: object) => send(`${server.url}/api/first-admin`, 'POST', { json: { ...wanted, ...json } });
      const missing = await make({ token });
      assert.deepEqual([missing.status, missing.json.rule], [400, 'master-password']);
      const wrong = await make({ token: 'x'.repeat(43), master_password: masterPassword });
      assert.deepEqual([wrong.status, wrong.json.rule], [403, 'setup-link']);
      assert.equal((await make({ token, master_password: 'short' })).status, 400);
      assert.equal((await make({ token, master_password: masterPassword, password: 'short' })).status, 400);
      assert.equal((await make({ token, master_password: masterPassword })).status, 201);
      assert.deepEqual([(await offer()).vault, (await offer()).first_admin], ['unlocked', 'made']);
      const again = await make({ token, email: 'second@mail.example' });
      assert.deepEqual([again.status, again.json.detail], [403, wrong.json.detail]);
      const { email, password } = wanted;
      const session = await send(`${server.url}/api/session`, 'POST', { json: { email, password } });
      assert.deepEqual([session.status, session.json.role], [200, 'admin']);
    });

    test('is won by one of those who come at once', async (t) => {
      const { location, token } = await initialiseByLink(locate);
      const database = await openDatabase(location, { create: false });
      const make = await openParts(t, database);
      const emails = ['a@mail.example', 'b@mail.example', 'c@mail.example'];
      const outcomes = await Promise.allSettled(emails.map((email) => make(token, { email })));
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
      const people = await database.query.selectFrom('person').selectAll().execute();
      assert.equal(people.length, 1);
      const rows = JSON.stringify(await database.query.selectFrom('audit_event').selectAll().execute());
      assert.ok(rows.includes('setup_link.used') && !rows.includes(token));
      assert.ok(!JSON.stringify(await database.query.selectFrom('setup_link').selectAll().execute()).includes(token));
      await verifyAuditChain(database);
    });

    test('holds for a day, and until another is made', async (t) => {
      const { location, environment, token } = await initialiseByLink(locate);
      const next = tokenOf(await renewSetupLink(environment));
      const database = await openDatabase(location, { create: false });
      let ahead = dayMs;
      const make = await openParts(t, database, () => Date.now() + ahead);
      await assert.rejects(make(next), { rule: 'setup-link' });
      ahead = 0;
      await assert.rejects(make(token), { rule: 'setup-link' });
      await assert.rejects(make(next, { masterPassword }), { rule: 'master-password' });
      assert.equal((await make(next)).role, 'admin');
    });

    test('is not made once there are people, nor a server made where one waits for its first', async () => {
      const location = await locate();
      const environment = {
        SIGNPOST_DATA: location.dataDir,
        ...(location.databaseUrl === undefined ? {} : { SIGNPOST_DATABASE: location.databaseUrl }),
      };
      await initialise(environment, { masterPassword, organisationName: 'Example', admin: wanted }, quick);
      await assert.rejects(renewSetupLink(environment), { code: 'conflict', rule: 'first-admin-made' });
      const waiting = await initialiseByLink(locate, false);
      const founding = { masterPassword, organisationName: 'Example', admin: wanted };
      await assert.rejects(initialise(waiting.environment, founding, quick), { rule: 'initialised' });
    });
  });
});
