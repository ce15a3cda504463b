import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { sql } from 'kysely';
import { verifyAuditChain } from '../src/audit/store.ts';
import { type RunningServer, type ServeOptions, serve } from '../src/main.ts';
import { initialise, migrateData } from '../src/setup.ts';
import { openDatabase } from '../src/storage/database/open.ts';
import { createQuickPasswords } from './accounts/quick-passwords.ts';
import { send } from './planes-scene.ts';
import { silentLog } from './silent-log.ts';
import { forEachEngine } from './storage/engines.ts';
import { cheapCost } from './vault/cheap-cost.ts';

/** Argon2id is real in one test of these, which would wait for it in all of them. */
const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };
const founding = {
  masterPassword: 'a long master password',
  organisationName: 'Example',
  admin: { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' },
};

type Environment = Readonly<Record<string, string>>;

/** Settings for a server of our own on a free port. */
function settle({ dataDir, databaseUrl }: { dataDir: string; databaseUrl: string | undefined }): Environment {
  return {
    ...{ SIGNPOST_DATA: dataDir, SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off', SIGNPOST_READS_PER_MINUTE: '0' },
    ...(databaseUrl === undefined ? {} : { SIGNPOST_DATABASE: databaseUrl }),
  };
}

async function openFolder(t: TestContext): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function start(t: TestContext, environment: Environment, options: ServeOptions = quick): Promise<RunningServer> {
  const server = await serve(environment, options);
  t.after(() => server.stop());
  return server;
}

forEachEngine((_engine, _open, locate) => {
  suite('a server', () => {
    test('is made once and then answers, with its vault locked until somebody opens it', async (t) => {
      const environment = settle(await locate());
      const { apiKey } = await initialise(environment, founding);
      const server = await start(t, environment, { log: silentLog });
      assert.equal(server.vault, 'locked');
      assert.equal((await send(`${server.url}/healthz`, 'GET')).body.toString(), 'ok\n');
      assert.equal((await send(`${server.url}/api/health`, 'GET')).json.status, 'ok');
      const as = { authorization: `Bearer ${apiKey}` };
      const status = (await send(`${server.url}/api/status`, 'GET', { as })).json;
      assert.deepEqual([status.organisation, status.vault], ['default', 'locked']);
      const json = { password: founding.masterPassword };
      assert.equal((await send(`${server.url}/api/vault/unlock`, 'POST', { json })).status, 200);
      const { email, password } = founding.admin;
      const session = await send(`${server.url}/api/session`, 'POST', { json: { email, password } });
      assert.deepEqual([session.status, session.json.role], [200, 'admin']);
    });

    test('is not made a second time, and what is there stays as it is', async (t) => {
      const location = await locate();
      const environment = settle(location);
      await initialise(environment, founding, quick);
      const read = async () => {
        const database = await openDatabase(location, { create: false });
        const end = await verifyAuditChain(database);
        const people = await database.query.selectFrom('person').selectAll().execute();
        const vault = await database.query.selectFrom('vault_state').selectAll().execute();
        await database.close();
        return { end, people, vault };
      };
      const before = await read();
      const other = { ...founding, masterPassword: 'another master password', organisationName: 'Other' };
      await assert.rejects(initialise(environment, other), {
        code: 'conflict',
        rule: 'initialised',
        hint: 'signpost serve',
      });
      assert.deepEqual(await read(), before);
      assert.deepEqual(await migrateData(environment), []);
      await start(t, environment);
      await assert.rejects(initialise(environment, other), { code: 'unavailable' });
    });

    test('is made whole or not at all when what it is told is refused', async () => {
      const location = await locate();
      const environment = settle(location);
      const bad = [
        { ...founding, masterPassword: 'short' },
        { ...founding, admin: { ...founding.admin, password: 'short' } },
      ];
      for (const wish of bad) await assert.rejects(initialise(environment, wish), { code: 'invalid' });
      const database = await openDatabase(location, { create: false });
      for (const table of ['organisation', 'person', 'api_key', 'vault_state', 'audit_event'] as const)
        assert.deepEqual(await database.query.selectFrom(table).selectAll().execute(), [], table);
      await database.close();
      assert.ok((await initialise(environment, founding, quick)).apiKey.startsWith('sgp_'));
    });

    test('does not start on a database that was not migrated, and changes nothing there', async () => {
      const location = await locate();
      await (await openDatabase(location, { create: true })).close();
      await assert.rejects(serve(settle(location), { log: silentLog }), {
        code: 'unavailable',
        hint: 'signpost migrate',
      });
      const database = await openDatabase(location, { create: false });
      assert.deepEqual(await database.query.introspection.getTables(), []);
      await database.close();
      assert.ok((await migrateData(settle(location))).length > 0);
    });

    test('does not start while the pinned roots are not those of SIGNPOST_TRUST_ROOT', async (t) => {
      const environment = settle(await locate());
      const { apiKey } = await initialise(environment, founding, quick);
      const [{ signer: root }, { signer: other }] = await Promise.all([createKeyPair(), createKeyPair()]);
      const first = await start(t, { ...environment, SIGNPOST_TRUST_ROOT: root.pubkeyB64 });
      const json = { root_keys: [root.pubkeyB64] };
      const as = { authorization: `Bearer ${apiKey}` };
      assert.equal((await send(`${first.url}/api/trust/roots`, 'POST', { as, json })).status, 201);
      await first.stop();
      for (const expected of [other.pubkeyB64, `${root.pubkeyB64},${other.pubkeyB64}`]) {
        const wrong = { ...environment, SIGNPOST_TRUST_ROOT: expected };
        await assert.rejects(serve(wrong, { log: silentLog }), { code: 'unavailable', rule: 'root-mismatch' });
      }
      await start(t, { ...environment, SIGNPOST_TRUST_ROOT: root.pubkeyB64 });
    });
  });
});

suite('a start', () => {
  test('is refused without a folder, and makes none', async (t) => {
    const dataDir = join(await openFolder(t), 'missing');
    const environment = settle({ dataDir, databaseUrl: undefined });
    await assert.rejects(serve(environment, quick), { code: 'unavailable', rule: 'data-folder' });
    await assert.rejects(migrateData(environment), { code: 'unavailable', rule: 'data-folder' });
    await assert.rejects(stat(dataDir), { code: 'ENOENT' });
  });

  test('is refused on a folder without a database, and makes none', async (t) => {
    const dataDir = await openFolder(t);
    await assert.rejects(serve(settle({ dataDir, databaseUrl: undefined }), { log: silentLog }), {
      code: 'unavailable',
    });
    assert.ok(!(await readdir(dataDir)).some((name) => name.startsWith('signpost.db')));
  });

  test('is refused while another server has the folder, and possible after it', async (t) => {
    const environment = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    await initialise(environment, founding, quick);
    const first = await start(t, environment);
    await assert.rejects(serve(environment, quick), { code: 'unavailable' });
    await assert.rejects(migrateData(environment), { code: 'unavailable' });
    assert.equal((await send(`${first.url}/healthz`, 'GET')).status, 200);
    await first.stop();
    await start(t, environment);
  });

  test('is refused for a taken address, and leaves the folder free', async (t) => {
    const environment = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    const others = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    await initialise(environment, founding, quick);
    await initialise(others, founding, quick);
    const { host } = new URL((await start(t, others)).url);
    await assert.rejects(serve({ ...environment, SIGNPOST_LISTEN: host }, { log: silentLog }), { code: 'EADDRINUSE' });
    await start(t, environment);
  });

  test('opens the vault with the first line of a file, and says which file is wrong, never what stands in it', async (t) => {
    const dataDir = await openFolder(t);
    const path = join(dataDir, 'password');
    const environment = { ...settle({ dataDir, databaseUrl: undefined }), SIGNPOST_VAULT_PASSWORD_FILE: path };
    await initialise(environment, founding, quick);
    const refused = async (rule: string) =>
      assert.rejects(serve(environment, quick), (error: Error & { rule?: string; hint?: string }) => {
        assert.equal(error.rule, rule);
        assert.match(error.message, /SIGNPOST_VAULT_PASSWORD_FILE/);
        assert.ok(error.hint);
        return !`${error.message} ${error.hint}`.includes('a-wrong-secret');
      });
    await refused('vault-password-file');
    for (const wrong of ['a-wrong-secret\n', '', '\na long master password\n', ' a long master password\n']) {
      await writeFile(path, wrong);
      await refused('vault-password');
    }
    for (const right of ['a long master password', 'a long master password\r\nmore\n']) {
      await writeFile(path, right);
      const server = await serve(environment, quick);
      assert.equal(server.vault, 'unlocked');
      await server.stop();
    }
  });

  test('names every setting that is wrong', async () => {
    const environment = { SIGNPOST_LISTEN: 'nowhere', SIGNPOST_SCAN: 'maybe' };
    await assert.rejects(serve(environment, quick), /SIGNPOST_LISTEN[\s\S]*SIGNPOST_SCAN/);
  });

  test('closes the folder to other users of the machine', { skip: process.platform === 'win32' }, async (t) => {
    const dataDir = join(await openFolder(t), 'made');
    await mkdir(dataDir);
    await chmod(dataDir, 0o755);
    await initialise(settle({ dataDir, databaseUrl: undefined }), founding);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
  });
});

suite('a stop', () => {
  test('lets a request that runs end, takes no more, and does not wait for idle connections', async (t) => {
    const environment = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    const { apiKey } = await initialise(environment, founding, quick);
    const server = await start(t, environment);
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const authorization = `Bearer ${apiKey}`;
    const headers = { authorization, 'content-type': 'application/json', expect: '100-continue' };
    const options = { method: 'POST', agent, headers };
    const sent = request(`${server.url}/api/projects`, options);
    sent.write('{"slug":');
    await once(sent, 'continue');
    const stopped = server.stop();
    await assert.rejects(async () => {
      for (;;) await send(`${server.url}/healthz`, 'GET');
    });
    sent.end('"rocket"}');
    const [response] = await once(sent, 'response');
    assert.equal(response.statusCode, 201);
    response.resume();
    await once(response, 'end');
    const from = performance.now();
    await stopped;
    assert.ok(performance.now() - from < 30_000, 'far below the 65 seconds that idle connections live');
  });

  test('may be asked for twice', async (t) => {
    const environment = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    await initialise(environment, founding, quick);
    const server = await serve(environment, quick);
    await Promise.all([server.stop(), server.stop()]);
  });
});

test('whoever is killed while making a server leaves none, or a whole one', async (t) => {
  const program = `
    import { initialise } from ${JSON.stringify(new URL('../src/setup.ts', import.meta.url).href)};
    process.stdout.write('begin');
    await initialise(process.env, ${JSON.stringify(founding)});
    process.stdout.write('done');
  `;
  const flags = [
    '-C',
    '@signpost/source',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    program,
  ];
  for (const delayMs of [0, 40, 60, 80, 120, 200]) {
    const environment = settle({ dataDir: await openFolder(t), databaseUrl: undefined });
    const child = spawn(process.execPath, flags, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await sleep(delayMs);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const made = await initialise(environment, founding, quick).then(
      () => true,
      (error: { rule?: string }) => {
        assert.equal(error.rule, 'initialised');
        return false;
      },
    );
    const server = await serve(environment, quick);
    const { email, password } = founding.admin;
    const json = { password: founding.masterPassword };
    assert.equal((await send(`${server.url}/api/vault/unlock`, 'POST', { json })).status, 200, `${delayMs} ${made}`);
    const session = await send(`${server.url}/api/session`, 'POST', { json: { email, password } });
    assert.deepEqual([session.status, session.json.role], [200, 'admin']);
    await server.stop();
    const location = { dataDir: environment.SIGNPOST_DATA ?? '', databaseUrl: undefined };
    const database = await openDatabase(location, { create: false });
    await verifyAuditChain(database);
    const { rows } = await sql<{ n: number }>`select count(*) as n from api_key`.execute(database.query);
    assert.equal(rows[0]?.n, 1);
    await database.close();
  }
});
