import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createSharedReads } from '../../src/storage/shared-reads.ts';
import { forEachEngine } from './engines.ts';

suite('shared reads', () => {
  forEachEngine((_name, open) => {
    test('that are asked for in one turn are done once, by key and by database', async () => {
      const [database, other] = [await open(), await open()];
      const share = createSharedReads<string>();
      const done: string[] = [];
      const read = (key: string) => async () => {
        done.push(key);
        return `answer ${key}`;
      };
      const answers = await Promise.all([
        share(database, 'a', read('a')),
        share(database, 'a', read('a')),
        share(database, 'b', read('b')),
        share(other, 'a', read('elsewhere')),
      ]);
      assert.deepEqual(done, ['a', 'b', 'elsewhere']);
      assert.deepEqual(answers, ['answer a', 'answer a', 'answer b', 'answer elsewhere']);
    });

    test('that have begun are not joined: who asks after a change sees it', async () => {
      const database = await open();
      const share = createSharedReads<number>();
      const gate = Promise.withResolvers<number>();
      const begun = Promise.withResolvers<void>();
      const first = share(database, 'a', () => {
        begun.resolve();
        return gate.promise;
      });
      await begun.promise;
      assert.equal(await share(database, 'a', async () => 2), 2);
      gate.resolve(1);
      assert.equal(await first, 1);
    });

    test('that fail, fail for all who asked, and are tried again for the next', async () => {
      const database = await open();
      const share = createSharedReads<number>();
      const fail = () => Promise.reject(new Error('the disk is gone'));
      const failed = await Promise.allSettled([share(database, 'a', fail), share(database, 'a', fail)]);
      assert.deepEqual(
        failed.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
      assert.equal(await share(database, 'a', async () => 3), 3);
    });
  });
});
