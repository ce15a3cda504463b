/** What a restored state does before it is in force for good: it answers, and signs nothing. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { recoverRestore } from '../src/backup/trial.ts';
import { parseConfig } from '../src/config.ts';
import type { Process } from '../src/generation.ts';
import { serve } from '../src/main.ts';
import { openOnTrial } from '../src/reign.ts';
import { initialise } from '../src/setup.ts';
import { openDatabase } from '../src/storage/database/open.ts';
import { appendAll } from '../src/trust/log/append.ts';
import { findServersOwn } from '../src/trust/log/transparency-log.ts';
import { createQuickPasswords } from './accounts/quick-passwords.ts';
import { openProcessParts } from './backup/process-parts.ts';
import { openFolder } from './backup/scene.ts';
import { silentLog } from './silent-log.ts';
import { cheapCost } from './vault/cheap-cost.ts';

const quick = { log: silentLog, passwords: createQuickPasswords(), vaultCost: cheapCost };
const founding = {
  masterPassword: 'a long master password',
  organisationName: 'Example',
  admin: { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' },
};

interface LogOnDisk {
  readonly size: number;
  readonly checkpoint_size: number;
  readonly checkpoint: string | null;
}

test('a restored state on trial signs nothing that the old state would contradict when it comes back', async (t) => {
  const { environment, dataDir } = await foundWithLog(t);
  const current = join(dataDir, 'signpost.db');
  // The trial has a leaf that waits for its checkpoint, the state before does not.
  await mkdir(join(dataDir, 'restore'));
  await copyFile(current, join(dataDir, 'old.db'));
  await appendWaiting(dataDir, 'b');
  await rename(join(dataDir, 'old.db'), join(dataDir, 'restore', 'previous.db'));
  const config = parseConfig(environment);
  const parts = await openProcessParts(config);
  assert.equal(await recoverRestore(parts.swap, config), 'trial');
  const seen: LogOnDisk[] = [];
  const confirm = async () => {
    // What would sign by itself has had its time.
    await sleep(500);
    seen.push(readLog(current));
    throw new Error('the trial fails');
  };
  const process = { ...parts, ...quick, config, now: Date.now, swap: { ...parts.swap, confirm } } satisfies Process;
  const generation = await openOnTrial(process);
  t.after(() => generation.close());
  const [onTrial] = seen;
  assert.ok(onTrial && onTrial.size > onTrial.checkpoint_size, JSON.stringify(onTrial));
  const back = readLog(current);
  assert.deepEqual(
    [back.size, back.checkpoint],
    [back.checkpoint_size, onTrial.checkpoint],
    'the old state, as it was',
  );
  await generation.begin();
});

/** A server that ran until its log had a checkpoint, and ended. */
async function foundWithLog(t: Parameters<typeof openFolder>[0]) {
  const dataDir = await openFolder(t);
  const passwordFile = join(await openFolder(t), 'password');
  await writeFile(passwordFile, `${founding.masterPassword}\n`);
  const environment = {
    ...{ SIGNPOST_DATA: dataDir, SIGNPOST_LISTEN: '127.0.0.1:0', SIGNPOST_SCAN: 'off' },
    SIGNPOST_VAULT_PASSWORD_FILE: passwordFile,
  };
  await initialise(environment, founding, quick);
  const server = await serve(environment, quick);
  while ((await fetch(`${server.url}/log/checkpoint`)).status !== 200) await sleep(25);
  await server.stop();
  return { environment, dataDir };
}

/** Appends a leaf while nobody can sign. */
async function appendWaiting(dataDir: string, digit: string): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    const organisationId = await findServersOwn(database.query);
    const entry = { type: 'trust-list', trustVersion: 1, sha256: digit.repeat(64) } as const;
    const vault = { state: 'locked', unseal: () => assert.fail('expected nothing to be signed') } as const;
    const parts = { database, vault, now: Date.now };
    assert.ok(organisationId !== null && (await appendAll(parts, [{ organisationId, entry }])) === 1);
  } finally {
    await database.close();
  }
}

function readLog(path: string): LogOnDisk {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare('select size, checkpoint_size, checkpoint from transparency_log').get();
    return row as unknown as LogOnDisk;
  } finally {
    database.close();
  }
}
