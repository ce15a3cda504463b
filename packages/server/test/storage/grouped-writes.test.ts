import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { createGroupedWrites } from '../../src/storage/grouped-writes.ts';
import { createId } from '../../src/storage/ids.ts';
import { recordEvents } from '../../src/storage/outbox.ts';
import { violationOf } from '../../src/storage/violation.ts';
import { forEachEngine } from './engines.ts';

suite('grouped writes', () => {
  forEachEngine((_name, open) => {
    async function openWrites() {
      const database = await open();
      const groups: number[] = [];
      const writes = createGroupedWrites<string>(database, async (transaction, topics) => {
        groups.push(topics.length);
        if (topics.includes('refused')) throw new Refusal('conflict', 'no');
        if (topics.includes('broken')) throw new Error('the disk is gone');
        const event = { organisationId: null, payload: {}, at: 0 };
        await recordEvents(
          transaction,
          topics.map((topic) => ({ ...event, id: topic === 'twice' ? 'twice' : createId(0), topic })),
        );
      });
      const topics = async () =>
        (await database.query.selectFrom('outbox').select('topic').orderBy('id').execute()).map(({ topic }) => topic);
      return { writes, groups, topics };
    }

    test('that come together share a transaction, and are there when they resolve', async () => {
      const { writes, groups, topics } = await openWrites();
      await Promise.all(['a', 'b', 'c'].map((topic) => writes.write(topic)));
      assert.deepEqual(groups, [3]);
      assert.deepEqual(await topics(), ['a', 'b', 'c']);
      await writes.write('d');
      assert.deepEqual(await topics(), ['a', 'b', 'c', 'd']);
    });

    test('that are too many for one transaction take several', async () => {
      const { writes, groups } = await openWrites();
      await Promise.all(Array.from({ length: 300 }, (_, index) => writes.write(`t${index}`)));
      assert.deepEqual(groups, [128, 128, 44]);
    });

    test('that are refused, or break a constraint, take no others down', async () => {
      const { writes, topics } = await openWrites();
      const results = await Promise.allSettled(
        ['a', 'refused', 'twice', 'twice', 'b'].map((topic) => writes.write(topic)),
      );
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
      );
      assert.ok(results[1]?.status === 'rejected' && results[1].reason instanceof Refusal);
      assert.ok(results[3]?.status === 'rejected' && violationOf(results[3].reason) === 'unique');
      assert.deepEqual((await topics()).sort(), ['a', 'b', 'twice']);
    });

    test('fail together when the database does, and later ones are written', async () => {
      const { writes, topics } = await openWrites();
      const results = await Promise.allSettled(['a', 'broken'].map((topic) => writes.write(topic)));
      assert.deepEqual(
        results.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
      await writes.write('b');
      assert.deepEqual(await topics(), ['b']);
    });
  });
});
