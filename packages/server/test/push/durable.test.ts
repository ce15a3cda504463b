import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOrganisation } from '../../src/accounts/organisations.ts';
import { systemActor } from '../../src/audit/audit.ts';
import { Feeds } from '../../src/push/hub/feeds.ts';
import { Sequencer } from '../../src/push/log/sequencer.ts';
import { openSqlite } from '../../src/storage/database/sqlite/open-sqlite.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { silentLog } from '../silent-log.ts';

/** A log whose flushes end when the test says so. */
class SlowLog {
  readonly begun: PromiseWithResolvers<void>[] = [];

  datasync(): Promise<void> {
    const flush = Promise.withResolvers<void>();
    this.begun.push(flush);
    return flush.promise;
  }

  async close(): Promise<void> {}
}

test('a frame is told of and acknowledged when the disk has it, and no sooner', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const log = new SlowLog();
  const database = await openSqlite(join(folder, 'signpost.db'), { create: true, log });
  t.after(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });
  await migrate(database);
  const { id: organisationId } = await database.transaction((tx) =>
    createOrganisation(tx, { slug: 'default', name: 'Default', host: null }, { actor: systemActor, now: 0 }),
  );
  const seen: string[] = [];
  const sequencer = new Sequencer({
    ...{ database, now: Date.now, log: silentLog, published: async () => undefined },
    findSigner: async () => ({ kid: '0'.repeat(32), sign: () => new Uint8Array(64) }),
    deliver: ({ frames }) => seen.push(...frames.map(({ sequence }) => `frame ${sequence}`)),
  });
  sequencer.start();
  const data = { project: 'lighthouse', version: '1.0.0' };
  const publish = () =>
    sequencer.publish({
      organisationId,
      draft: { channel: 'releases', type: 'release.withdrawn', since: 0, data },
    });
  const first = publish().then(() => seen.push('acknowledged'));
  while (log.begun.length === 0) await sleep(1);
  // Who comes now reads a head that a power cut could still undo.
  const opened = new Feeds({ database, now: Date.now }).find(organisationId).then((feed) => {
    seen.push(`head ${feed.channels.get('releases')?.head}`);
  });
  const second = publish();
  await sleep(20);
  assert.deepEqual([seen, log.begun.length], [[], 1]);
  log.begun[0]?.resolve();
  await Promise.all([first, opened]);
  assert.deepEqual([...seen].sort(), ['acknowledged', 'frame 1', 'head 1']);
  while (log.begun.length === 1) await sleep(1);
  log.begun[1]?.resolve();
  assert.equal((await second).sequence, 2);
  await sequencer.stop();
});
