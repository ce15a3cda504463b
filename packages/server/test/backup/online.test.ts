/** Backups and restores of a running server, by its API and without a restart. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { createKeyPair } from '../../src/backup/age/keys.ts';
import { type RunningServer, serve } from '../../src/main.ts';
import { initialise } from '../../src/setup.ts';
import { type DatabaseLocation, openDatabase } from '../../src/storage/database/open.ts';
import { createQuickPasswords } from '../accounts/quick-passwords.ts';
import { type Answer, type Ask, send } from '../planes-scene.ts';
import { silentLog } from '../silent-log.ts';
import { forEachEngine } from '../storage/engines.ts';
import { cheapCost } from '../vault/cheap-cost.ts';
import { openFolder } from './scene.ts';

/** Argon2id is real in the tests of the server, and would be waited for a hundred times in these. */
const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };
const founding = {
  masterPassword: 'a long master password',
  organisationName: 'Example',
  admin: { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' },
};
const pair = createKeyPair();

interface Desk {
  readonly server: RunningServer;
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string>>;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** With the API key that `init` made. */
  key(method: string, path: string, json?: unknown): Promise<Answer>;
  /** As an admin who logs in anew. */
  person(method: string, path: string, ask?: Ask): Promise<Answer>;
}

/** A running server whose vault is open by a password file. */
async function openDesk(
  t: TestContext,
  locate: () => Promise<DatabaseLocation>,
  masterPassword = founding.masterPassword,
): Promise<Desk> {
  let stop = async () => {};
  // Before its folder is removed, which a backup may still be written to: hooks run in the order in which they were given.
  t.after(() => stop());
  const location = await locate();
  const passwordFile = join(await openFolder(t), 'password');
  await writeFile(passwordFile, `${masterPassword}\n`);
  const environment = {
    ...{ SIGNPOST_DATA: location.dataDir, SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off' },
    ...{ SIGNPOST_READS_PER_MINUTE: '0', SIGNPOST_LOGINS_PER_MINUTE: '1000' },
    ...{ SIGNPOST_VAULT_PASSWORD_FILE: passwordFile, SIGNPOST_BACKUP_RECIPIENTS: pair.recipient },
    ...(location.databaseUrl === undefined ? {} : { SIGNPOST_DATABASE: location.databaseUrl }),
  };
  const { apiKey } = await initialise(environment, { ...founding, masterPassword }, quick);
  const server = await serve(environment, quick);
  stop = () => server.stop();
  const ask: Desk['ask'] = (method, path, wish) => send(`${server.url}${path}`, method, wish);
  return {
    ...{ server, environment, ask, dataDir: location.dataDir },
    key: (method, path, json) =>
      ask(method, path, { as: { authorization: `Bearer ${apiKey}` }, ...(json === undefined ? {} : { json }) }),
    person: async (method, path, wish) => {
      const { email, password } = founding.admin;
      const opened = await ask('POST', '/api/session', { json: { email, password } });
      assert.equal(opened.status, 200, String(opened.body));
      const cookie = opened.headers['set-cookie']?.map((line) => line.split(';', 1)[0]).join('; ') ?? '';
      return ask(method, path, { ...wish, as: { cookie, 'x-signpost-csrf': String(opened.json.csrf_token) } });
    },
  };
}

/** A place in a folder that goes with the test. */
function locateIn(t: TestContext): () => Promise<DatabaseLocation> {
  return async () => ({ dataDir: await openFolder(t), databaseUrl: undefined });
}

/** Asks for a backup and waits for its job; what it says at the end. */
async function backUp({ key, person }: Desk, how: object): Promise<Record<string, string>> {
  const { status, json } = await person('POST', '/api/backups', { json: { ...how, password } });
  assert.equal(status, 202);
  let step: Record<string, string> = {};
  await waitUntil('the job to be done', async () => {
    const job = (await key('GET', `/api/jobs/${json.job}`)).json;
    step = (job.progress ?? {}) as Record<string, string>;
    return job.state === 'done';
  });
  return step;
}

async function download({ person }: Desk, name: string | undefined): Promise<Buffer> {
  const { status, body } = await person('POST', `/api/backups/${name}/download`, { json: { password } });
  assert.equal(status, 200);
  return body;
}

const password = founding.admin.password;

async function readAudit(dataDir: string, action: string): Promise<{ detail: string | null }[]> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    return await database.query.selectFrom('audit_event').select('detail').where('action', '=', action).execute();
  } finally {
    await database.close();
  }
}

forEachEngine((_name, _open, locate) => {
  test('a running server goes back to its backup without a restart, and stays unlocked', async (t) => {
    const desk = await openDesk(t, locate);
    const { key, person } = desk;
    assert.equal((await key('POST', '/api/projects', { slug: 'before' })).status, 201);
    const made = await backUp(desk, { plain: true });
    const archive = await download(desk, made.name);
    assert.equal((await key('POST', '/api/projects', { slug: 'after' })).status, 201);

    const sent = await person('PUT', '/api/restore', { body: archive });
    assert.deepEqual([sent.status, sent.json.size_bytes], [200, archive.length]);
    const restored = await person('POST', '/api/restore', { json: { password } });
    assert.equal(restored.status, 200, String(restored.body));

    assert.deepEqual(
      [(await key('GET', '/api/projects/before')).status, (await key('GET', '/api/projects/after')).status],
      [200, 404],
    );
    assert.equal((await key('GET', '/api/vault')).json.state, 'unlocked');
    assert.equal((await person('GET', '/api/restore')).json.state, 'restored');
    assert.equal((await key('GET', '/api/audit/verify')).status, 200);
    const [row] = (await key('GET', '/api/audit?action=restore.completed')).json.events as { detail: object }[];
    assert.deepEqual(Object.keys(row?.detail ?? {}).sort(), [
      'made_at',
      'replaced_hash',
      'replaced_sequence',
      'restored_sequence',
    ]);
    assert.equal((await key('POST', '/api/projects', { slug: 'anew' })).status, 201);
  });

  test('a backup from before a change of the master password is of the same vault, and the new password stays', async (t) => {
    const desk = await openDesk(t, locate);
    const { name } = await backUp(desk, { recipients: [pair.recipient] });
    const change = { current: founding.masterPassword, new: 'the next master password' };
    assert.equal((await desk.key('POST', '/api/vault/change-password', change)).status, 200);
    const json = { password, backup: name, identity: pair.identity };
    const restored = await desk.person('POST', '/api/restore', { json });
    assert.equal(restored.status, 200, String(restored.body));
    assert.equal((await desk.key('GET', '/api/vault')).json.state, 'unlocked');
    assert.equal((await desk.ask('POST', '/api/vault/unlock', { json: { password: change.current } })).status, 401);
    assert.equal((await desk.ask('POST', '/api/vault/unlock', { json: { password: change.new } })).status, 200);
  });

  test('a restored state that does not answer gives way to the old one', async (t) => {
    const [desk, other] = [await openDesk(t, locate), await openDesk(t, locate, 'another master password')];
    const foreign = await download(other, (await backUp(other, { plain: true })).name);
    assert.equal((await desk.key('POST', '/api/projects', { slug: 'mine' })).status, 201);
    await desk.person('PUT', '/api/restore', { body: foreign });
    const refused = await desk.person('POST', '/api/restore', { json: { password } });
    assert.deepEqual([refused.status, refused.json.rule], [409, 'backup-other-vault']);
    // The password file opens the vault in force, not that of the backup.
    const back = await desk.person('POST', '/api/restore', { json: { password, other_vault: true } });
    assert.deepEqual([back.status, back.json.rule], [503, 'restore-rolled-back'], String(back.body));
    assert.equal((await desk.key('GET', '/api/projects/mine')).status, 200);
    assert.equal((await desk.key('GET', '/api/vault')).json.state, 'unlocked');
    const { events } = (await desk.key('GET', '/api/audit?action=restore.refused')).json as {
      events: { detail: object }[];
    };
    assert.deepEqual(
      events.map(({ detail }) => detail),
      [{ rule: 'backup-other-vault' }, { rule: 'restore-rolled-back' }],
    );
    assert.equal((await desk.key('GET', '/api/audit/verify')).status, 200);
  });
});

suite('backups of a running server', () => {
  test('are encrypted to whom it was asked, listed, downloaded and removed, and each of it is told', async (t) => {
    const desk = await openDesk(t, locateIn(t));
    const made = await backUp(desk, { recipients: [pair.recipient] });
    assert.match(made.name ?? '', /^signpost-backup-\d{4}-\d{2}-\d{2}\.zip\.age$/);
    const { backups, schedule } = (await desk.key('GET', '/api/backups')).json as Record<string, unknown>;
    assert.deepEqual(
      (backups as { name: string }[]).map(({ name }) => name),
      [made.name],
    );
    assert.deepEqual(schedule, { nightly: true, recipients: [pair.recipient], keep_days: 7 });
    const fetched = await desk.key('GET', `/api/backups/${made.name}`);
    assert.ok(fetched.body.toString('latin1').startsWith('age-encryption.org/v1\n-> X25519 '));
    const restored = await desk.person('POST', '/api/restore', {
      json: { password, backup: made.name, identity: pair.identity },
    });
    assert.equal(restored.status, 200, String(restored.body));
    assert.equal((await desk.key('DELETE', `/api/backups/${made.name}`)).status, 403);
    assert.equal((await desk.person('DELETE', `/api/backups/${made.name}`)).status, 204);
    assert.equal((await desk.key('GET', `/api/backups/${made.name}`)).status, 404);
    const told = (await desk.key('GET', '/api/audit?limit=500')).json.events as { action: string }[];
    // What was told between backup and restore went out of force with that state.
    assert.deepEqual(
      told.map(({ action }) => action).filter((action) => /^(?:backup|restore)\./.test(action)),
      ['restore.completed', 'backup.removed'],
    );
  });

  test('take one way of encryption at most, and a key that is one', async (t) => {
    const { key, person } = await openDesk(t, locateIn(t));
    for (const how of [
      { plain: true, recipients: [pair.recipient] },
      { recipients: ['age1x'] },
      { plain: false },
      { passphrase: 'elevenchars' },
    ]) {
      assert.equal((await person('POST', '/api/backups', { json: { ...how, password } })).status, 400);
    }
    for (const name of ['../signpost.db', 'signpost.db', '..%2fsignpost.db', 'signpost-backup-2026-11-21.zip%00']) {
      assert.equal((await key('GET', `/api/backups/${name}`)).status, 404, name);
    }
  });

  test('give a stolen key or session nothing that it could read', async (t) => {
    const desk = await openDesk(t, locateIn(t));
    const own = createKeyPair();
    const choices = [{ plain: true }, { passphrase: 'a long passphrase' }, { recipients: [own.recipient] }];
    for (const how of choices) {
      const byKey = await desk.key('POST', '/api/backups', { ...how, password });
      assert.deepEqual([byKey.status, byKey.json.rule], [403, 'backup-in-person']);
      const byCookie = await desk.person('POST', '/api/backups', { json: how });
      assert.deepEqual([byCookie.status, byCookie.json.rule], [403, 'backup-in-person']);
      const wrong = await desk.person('POST', '/api/backups', { json: { ...how, password: 'wrong horse battery' } });
      assert.deepEqual([wrong.status, wrong.json.rule], [403, 'step-up']);
    }
    for (const how of choices.slice(0, 2)) {
      const { name } = await backUp(desk, how);
      const path = `/api/backups/${name}`;
      for (const refused of [await desk.key('GET', path), await desk.person('GET', path)]) {
        assert.deepEqual([refused.status, refused.json.rule], [403, 'backup-in-person'], JSON.stringify(how));
      }
      assert.equal((await desk.key('POST', `${path}/download`, { password })).status, 403);
      const wrong = { json: { password: 'wrong horse battery' } };
      assert.equal((await desk.person('POST', `${path}/download`, wrong)).status, 403);
      assert.ok((await download(desk, name)).length > 0);
    }
    assert.equal((await desk.key('POST', '/api/backups', {})).status, 202, 'for the keys of the settings they may');
    assert.equal((await desk.key('POST', '/api/backups', { recipients: [pair.recipient] })).status, 202);
  });

  test('come into force over a database that is damaged, too', async (t) => {
    const desk = await openDesk(t, locateIn(t));
    const { name } = await backUp(desk, { recipients: [pair.recipient] });
    const damaged = new DatabaseSync(join(desk.dataDir, 'signpost.db'));
    damaged.exec('drop table vault_state');
    damaged.close();
    const json = { password, backup: name, identity: pair.identity };
    const restored = await desk.person('POST', '/api/restore', { json });
    assert.equal(restored.status, 200, String(restored.body));
    assert.equal((await desk.key('GET', '/api/vault')).json.state, 'unlocked', 'by the password file');
  });

  test('that was placed before a crash and does not answer gives way at the next start, which is told', async (t) => {
    let stop = async () => {};
    t.after(() => stop());
    const desk = await openDesk(t, locateIn(t));
    await desk.server.stop();
    const current = join(desk.dataDir, 'signpost.db');
    await mkdir(join(desk.dataDir, 'restore'));
    await rename(current, join(desk.dataDir, 'restore', 'previous.db'));
    await writeFile(current, '');
    const again = await serve(desk.environment, quick);
    stop = () => again.stop();
    const row = await readAudit(desk.dataDir, 'restore.refused');
    assert.deepEqual(row, [{ detail: '{"rule":"restore-rolled-back"}' }]);
  });

  test('restore nothing for a wrong password, an API key, or without a file', async (t) => {
    const desk = await openDesk(t, locateIn(t));
    assert.equal((await desk.key('POST', '/api/restore', { password })).status, 403);
    const wrong = await desk.person('POST', '/api/restore', { json: { password: 'wrong horse battery' } });
    assert.deepEqual([wrong.status, wrong.json.rule], [403, 'step-up']);
    const { events } = (await desk.key('GET', '/api/audit?action=session.step_up_refused')).json;
    assert.equal((events as unknown[]).length, 1, 'whoever guesses is told of');
    const none = await desk.person('POST', '/api/restore', { json: { password } });
    assert.deepEqual([none.status, none.json.rule], [409, 'restore-nothing-received']);
    const garbage = await desk.person('PUT', '/api/restore', { body: 'not a backup' });
    assert.equal(garbage.status, 200);
    const refused = await desk.person('POST', '/api/restore', { json: { password } });
    assert.deepEqual([refused.status, refused.json.rule], [422, 'zip-end-record']);
    await desk.server.stop();
    const again = await serve(desk.environment, quick);
    await again.stop();
    assert.deepEqual(await readdir(join(desk.dataDir, 'restore')), [], 'leftovers go at the next start');
    assert.ok(!existsSync(join(desk.dataDir, 'backups')));
  });
});
