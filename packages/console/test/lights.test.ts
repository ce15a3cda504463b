/** The lights of the overview: what the server says of itself, judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeLights, type Known } from '../src/areas/overview/lights.ts';

const at = '2026-11-20T02:41:00.000Z';
type Standing = NonNullable<Known['backups']>['standing'];

/** The light of that name on a server that is otherwise well. */
function findLight(
  name: string,
  {
    standing = {},
    kept = 1,
    revocation = {},
  }: { standing?: Partial<Standing>; kept?: number; revocation?: Partial<Known['status']['revocation']> },
) {
  const backups = Array.from({ length: kept }, (_, index) => ({
    ...{ name: `signpost-backup-2026-11-${index}.zip.age`, size_bytes: 1, stored_at: at, encrypted: true },
  }));
  const schedule = { nightly: true, recipients: [], keep_days: 7 };
  const known: Known = {
    status: {
      ...{ version: '0.1.0', organisation: 'default', engine: 'sqlite', vault: 'unlocked' },
      trust: { version: 1, expires_at: at, light: 'green' },
      scanner: { state: 'off', engine: null, version: null, signature_date: null },
      revocation: { light: 'none', troubled: 0, ...revocation },
      ...{ projects: 0, releases: 0, artifacts: 0 },
    },
    health: { status: 'ok', version: '0.1.0', db: 'ok' },
    key: { key_id: 'k' } as Known['key'],
    backups: {
      ...{ backups, schedule },
      standing: { state: 'good', made_at: at, fresh: true, failed_at: null, rule: null, ...standing },
    },
  };
  return judgeLights(known).find((light) => light.name === name);
}

const backupLight = (standing: Partial<Standing>, kept = 1) => findLight('backups', { standing, kept });

test('the light of backups is green only while the newest is fresh and nothing failed since', () => {
  const moment = { label: 'newest', at };
  assert.deepEqual(backupLight({}), {
    ...{ name: 'backups', level: 'good', word: 'backupsGood', values: { count: 1 }, moment },
  });
  assert.deepEqual(backupLight({}, 0), { name: 'backups', level: 'good', word: 'backupsAway', moment });
  const late = backupLight({ state: 'late', fresh: false });
  assert.deepEqual([late?.level, late?.word], ['attention', 'backupsLate']);
  const failed = { state: 'failed', rule: 'backup-files', failed_at: at } as const;
  assert.deepEqual(backupLight({ ...failed, fresh: false }), {
    ...{ name: 'backups', level: 'bad', word: 'backupsFailed', values: { rule: 'backup-files' }, moment },
  });
  assert.equal(backupLight(failed)?.level, 'attention', 'there is a fresh one');
  assert.equal(backupLight({ state: 'none', made_at: null, fresh: false }, 1)?.level, 'attention');
});

test('the light of revocation says whether somebody has to look after a list, where there are authorities', () => {
  const light = (revocation: Partial<Known['status']['revocation']>) => findLight('revocation', { revocation });
  assert.equal(light({}), undefined);
  assert.equal(light({ light: 'green' })?.level, 'good');
  assert.deepEqual(light({ light: 'yellow', troubled: 2 }), {
    ...{ name: 'revocation', level: 'attention', word: 'revocationYellow', values: { count: 2 } },
  });
  assert.equal(light({ light: 'red', troubled: 1 })?.level, 'bad');
});
