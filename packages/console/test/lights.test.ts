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
    status = {},
  }: {
    standing?: Partial<Standing>;
    kept?: number;
    revocation?: Partial<Known['status']['revocation']>;
    status?: Partial<Known['status']>;
  },
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
      certificates: { light: 'none', ends_at: null, ending: 0 },
      trust_roots: { light: 'none', roots: 0, troubled: 0 },
      watch: { light: 'none', sources: 0, unanswered: 0 },
      disk: null,
      ...status,
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

test('certificates, roots of evidence, what is watched and the disk have a light where there is something to judge', () => {
  const see = (name: string, status: Partial<Known['status']>) => {
    const light = findLight(name, { status });
    return light && [light.level, light.word, light.values];
  };
  assert.deepEqual(
    ['certificates', 'trustRoots', 'coverage', 'disk'].map((name) => see(name, {})),
    Array(4).fill(undefined),
  );
  const ending = { light: 'red', ends_at: at, ending: 2 } as const;
  assert.deepEqual(see('certificates', { certificates: ending }), ['bad', 'certificatesEnding', { count: 2 }]);
  assert.deepEqual(findLight('certificates', { status: { certificates: ending } })?.moment, { label: 'firstEnds', at });
  assert.deepEqual(see('trustRoots', { trust_roots: { light: 'yellow', roots: 3, troubled: 1 } }), [
    ...['attention', 'trustRootsTroubled', { count: 1, roots: 3 }],
  ]);
  assert.deepEqual(see('coverage', { watch: { light: 'yellow', sources: 5, unanswered: 2 } }), [
    ...['attention', 'coveragePart', { answered: 3, sources: 5 }],
  ]);
  assert.deepEqual(see('disk', { disk: { light: 'red', free_bytes: 160 * 1024 ** 2 } }), [
    ...['bad', 'diskFree', { gib: 0.1 }],
  ]);
});
