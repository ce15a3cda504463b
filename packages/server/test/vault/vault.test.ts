import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Refusal, type RefusalCode } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { currentParameters, deriveMasterKey, encodeParameters, parseParameters } from '../../src/vault/argon2.ts';
import { sealUnder } from '../../src/vault/sealing.ts';
import { readOrCreateSecret } from '../../src/vault/secrets.ts';
import { insertVaultRecord, readSecret, readVaultRecord } from '../../src/vault/store.ts';
import { Vault } from '../../src/vault/vault.ts';
import { forEachEngine } from '../storage/engines.ts';
import { cheapCost } from './cheap-cost.ts';

const now = () => 1_800_000_000_000;
const password = 'a master password, fairly long';
const secret = new TextEncoder().encode('the seed of a signing key');

forEachEngine((_name, open, locate) => {
  test('a vault goes from absent to unlocked to locked and back, and keeps what it sealed', async () => {
    const database = await open();
    const vault = await Vault.open(database, now);
    assert.equal(vault.state, 'absent');
    await assert.rejects(vault.unlock(password), isRefusal('conflict'));
    await database.transaction(async (transaction) => {
      await vault.create(transaction, password);
      assert.equal(vault.state, 'absent', 'nothing is committed yet');
    });
    assert.equal(vault.state, 'unlocked');
    assert.equal((await readVaultRecord(database.query))?.parameters, encodeParameters(currentParameters));
    const text = vault.seal('signing-key', 'signing_key/1', secret);
    vault.lock();
    assert.equal(vault.state, 'locked');
    assert.throws(() => vault.seal('signing-key', 'signing_key/1', secret), isRefusal('vault_locked'));
    assert.throws(() => vault.unseal('signing-key', 'signing_key/1', text), isRefusal('vault_locked'));

    const reopened = await Vault.open(database, now);
    assert.equal(reopened.state, 'locked');
    await assert.rejects(reopened.unlock(`${password} `), isRefusal('unauthenticated'));
    assert.equal(reopened.state, 'locked');
    await reopened.unlock(password);
    assert.deepEqual(reopened.unseal('signing-key', 'signing_key/1', text), secret);
  });

  test('a wrong password at an open vault leaves it open', async () => {
    const { vault } = await openVault();
    await assert.rejects(vault.unlock('another password'), isRefusal('unauthenticated'));
    assert.equal(vault.state, 'unlocked');
  });

  test('ciphertexts swapped between rows do not open', async () => {
    const { vault } = await openVault();
    const first = vault.seal('signing-key', 'signing_key/1', secret);
    assert.throws(() => vault.unseal('signing-key', 'signing_key/2', first), isRefusal('unavailable'));
    assert.throws(() => vault.unseal('server-secret', 'signing_key/1', first), isRefusal('unavailable'));
  });

  test('a creation that was rolled back left no key behind to seal with', async () => {
    const database = await open();
    const vault = await Vault.open(database, now, { cost: cheapCost });
    const failing = database.transaction(async (transaction) => {
      await vault.create(transaction, password);
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.equal(vault.state, 'absent');
    assert.throws(() => vault.seal('p', 'r', secret), isRefusal('vault_locked'));
  });

  test('a second vault and a short password are refused', async () => {
    const { database, vault } = await openVault();
    const create = (text: string) => database.transaction((transaction) => vault.create(transaction, text));
    await assert.rejects(create(password), isRefusal('conflict'));
    const short = database.transaction((transaction) => vault.reset(transaction, 'elevenchars'));
    await assert.rejects(short, isRefusal('invalid'));
    assert.equal(vault.state, 'unlocked');
  });

  test('after a reset old secrets are gone, and new ones are made under the new password', async () => {
    const { database, vault } = await openVault();
    const before = await readOrCreateSecret({ database, vault, now }, 'session-secret', 32);
    const text = vault.seal('signing-key', 'signing_key/1', secret);
    const dropped = await database.transaction((transaction) => vault.reset(transaction, 'the next master password'));
    assert.deepEqual(dropped, ['session-secret']);
    assert.throws(() => vault.unseal('signing-key', 'signing_key/1', text), isRefusal('unavailable'));
    assert.notDeepEqual(await readOrCreateSecret({ database, vault, now }, 'session-secret', 32), before);
    await assert.rejects(vault.unlock(password), isRefusal('unauthenticated'));
    await vault.unlock('the next master password');
  });

  test('a reset that was rolled back loses nothing: the vault is locked and opens with its old password', async () => {
    const { database, vault } = await openVault();
    const text = vault.seal('signing-key', 'signing_key/1', secret);
    const failing = database.transaction(async (transaction) => {
      await vault.reset(transaction, 'the next master password');
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.equal(vault.state, 'locked');
    await vault.unlock(password);
    assert.deepEqual(vault.unseal('signing-key', 'signing_key/1', text), secret);
  });

  test('another master password opens what was sealed before, and the old one opens nothing any more', async () => {
    const { database, vault } = await openVault();
    const text = vault.seal('signing-key', 'signing_key/1', secret);
    await changePassword(database, vault, { current: password, next: 'the next master password' });
    assert.deepEqual(vault.unseal('signing-key', 'signing_key/1', text), secret);
    const reopened = await Vault.open(database, now, { cost: cheapCost });
    await assert.rejects(reopened.unlock(password), isRefusal('unauthenticated'));
    await reopened.unlock('the next master password');
    assert.deepEqual(reopened.unseal('signing-key', 'signing_key/1', text), secret);
  });

  test('the password of a locked vault changes as well, and the vault stays locked', async () => {
    const { database, vault } = await openVault();
    vault.lock();
    await changePassword(database, vault, { current: password, next: 'the next master password' });
    assert.equal(vault.state, 'locked');
    await vault.unlock('the next master password');
  });

  test('a change of password that is refused, or cut off before its commit, changes nothing', async () => {
    const { database, vault } = await openVault();
    const change = (current: string, next: string) => changePassword(database, vault, { current, next });
    const before = await readVaultRecord(database.query);
    await assert.rejects(change('another password', 'the next master password'), isRefusal('unauthenticated'));
    await assert.rejects(change(password, 'elevenchars'), isRefusal('invalid'));
    const prepared = await vault.preparePassword({ current: password, next: 'the next master password' });
    const failing = database.transaction(async (transaction) => {
      await vault.changePassword(transaction, prepared);
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    assert.deepEqual(await readVaultRecord(database.query), before);
    await (await Vault.open(database, now, { cost: cheapCost })).unlock(password);
  });

  test('of two changes of the password at once the later one finds another vault than it began with', async () => {
    const { database, vault } = await openVault();
    const [first, second] = await Promise.all(
      ['the next master password', 'yet another password'].map((next) =>
        vault.preparePassword({ current: password, next }),
      ),
    );
    assert.ok(first && second);
    await database.transaction((transaction) => vault.changePassword(transaction, first));
    const late = database.transaction((transaction) => vault.changePassword(transaction, second));
    await assert.rejects(late, isRefusal('conflict'));
    await (await Vault.open(database, now, { cost: cheapCost })).unlock('the next master password');
  });

  test('the fingerprint is that of the data key: it outlives a change of the password, and not a reset', async () => {
    const { database, vault } = await openVault();
    const fingerprint = async () => (await readVaultRecord(database.query))?.key_fingerprint;
    const first = await fingerprint();
    assert.match(first ?? '', /^[0-9a-f]{64}$/);
    await changePassword(database, vault, { current: password, next: 'the next master password' });
    assert.equal(await fingerprint(), first);
    await database.transaction((transaction) => vault.reset(transaction, password));
    assert.notEqual(await fingerprint(), first);
  });

  test('a vault that has no fingerprint yet gets it when it is unlocked', async () => {
    const database = await open();
    await installFirstVersion(database);
    await (await Vault.open(database, now, { cost: cheapCost })).unlock(password);
    assert.match((await readVaultRecord(database.query))?.key_fingerprint ?? '', /^[0-9a-f]{64}$/);
  });

  test('a vault of the first version, sealed under the password itself, opens and takes a new password', async () => {
    const database = await open();
    const text = await installFirstVersion(database);
    const vault = await Vault.open(database, now, { cost: cheapCost });
    await vault.unlock(password);
    assert.deepEqual(vault.unseal('signing-key', 'signing_key/1', text), secret);
    await changePassword(database, vault, { current: password, next: 'the next master password' });
    const reopened = await Vault.open(database, now, { cost: cheapCost });
    await assert.rejects(reopened.unlock(password), isRefusal('unauthenticated'));
    await reopened.unlock('the next master password');
    assert.deepEqual(reopened.unseal('signing-key', 'signing_key/1', text), secret);
  });

  test('a wrapped key that was altered or taken from another vault does not open', async () => {
    const { database, vault } = await openVault();
    await database.query.updateTable('vault_state').set({ wrapped_key: 'v1.AAAA' }).execute();
    await assert.rejects(vault.unlock(password), isRefusal('unavailable'));
  });

  test('an unlocking that a reset overtook does not bring the old key back', async () => {
    const { database, vault } = await openVault();
    const overtaken = vault.unlock(password);
    await database.transaction((transaction) => vault.reset(transaction, 'the next master password'));
    await overtaken.catch(() => {});
    const text = vault.seal('signing-key', 'signing_key/1', secret);
    const reopened = await Vault.open(database, now, { cost: cheapCost });
    await reopened.unlock('the next master password');
    assert.deepEqual(reopened.unseal('signing-key', 'signing_key/1', text), secret);
  });

  test('a server secret is made once, also when many ask at once, and needs an open vault', async () => {
    const { database, vault } = await openVault();
    const ask = () => readOrCreateSecret({ database, vault, now }, 'session-secret', 32);
    const answers = await Promise.all([ask(), ask(), ask()]);
    assert.equal(answers[0]?.length, 32);
    assert.deepEqual(answers, Array(3).fill(answers[0]));
    vault.lock();
    await assert.rejects(ask(), isRefusal('vault_locked'));
  });

  test('neither password, key nor secret stands in the database or shows when printed', async () => {
    const location = await locate();
    const database = await openDatabase(location, { create: true });
    try {
      await migrate(database);
      const vault = await Vault.open(database, now, { cost: cheapCost });
      await database.transaction((transaction) => vault.create(transaction, password));
      const made = await readOrCreateSecret({ database, vault, now }, 'session-secret', 32);
      const record = await readVaultRecord(database.query);
      assert.ok(record);
      const salt = Buffer.from(record.salt, 'base64url');
      const key = (await deriveMasterKey(password, salt, parseParameters(record.parameters))).export();
      const stored = `${JSON.stringify(record)}${await readSecret(database.query, 'session-secret')}`;
      const places = [
        ...(await readFiles(location.dataDir)),
        Buffer.from(stored + inspect(vault, { showHidden: true })),
      ];
      for (const hidden of [Buffer.from(password), key, Buffer.from(made)]) {
        for (const form of [hidden, ...encodings(hidden)]) {
          assert.ok(places.every((place) => !place.includes(form)));
        }
      }
      assert.ok(
        places.some((place) => place.includes(record.salt)),
        'the search finds what is there',
      );
    } finally {
      await database.close();
    }
  });

  async function openVault() {
    const database = await open();
    const vault = await Vault.open(database, now, { cost: cheapCost });
    await database.transaction((transaction) => vault.create(transaction, password));
    return { database, vault };
  }
});

async function changePassword(database: Database, vault: Vault, passwords: { current: string; next: string }) {
  const change = await vault.preparePassword(passwords);
  await database.transaction((transaction) => vault.changePassword(transaction, change));
}

/** The row that the first version wrote, and a secret sealed under the password's own key. */
async function installFirstVersion(database: Database): Promise<string> {
  const salt = Buffer.alloc(16, 7);
  const parameters = { passes: 1, memoryKib: 1024, parallelism: 1 };
  const key = await deriveMasterKey(password, salt, parameters);
  const marker = new TextEncoder().encode('signpost vault');
  await insertVaultRecord(database.query, {
    salt: salt.toString('base64url'),
    parameters: encodeParameters(parameters),
    verifier: sealUnder(key, { purpose: 'verifier', reference: 'vault_state/1' }, marker),
    wrapped_key: null,
    key_fingerprint: null,
    created_at: now(),
  });
  return sealUnder(key, { purpose: 'signing-key', reference: 'signing_key/1' }, secret);
}

function isRefusal(code: RefusalCode): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.code === code;
}

function encodings(bytes: Buffer): Buffer[] {
  return (['hex', 'base64', 'base64url'] as const).map((encoding) => Buffer.from(bytes.toString(encoding)));
}

async function readFiles(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}
