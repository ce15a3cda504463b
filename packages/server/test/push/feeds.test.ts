/** What feeds know of channels when word of them overtakes frames. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feeds } from '../../src/push/hub/feeds.ts';
import type { ChannelHead, Log } from '../../src/push/log/log.ts';

const channel: ChannelHead = {
  ...{ name: 'app.news', visibility: 'public', head: 0, headHash: '', oldest: 1, removed: false },
};
const gone: ChannelHead = { ...channel, visibility: 'private', removed: true };

function logOf(...channels: readonly ChannelHead[]): Log {
  const heads = new Map(channels.map((one) => [one.name, one]));
  return { organisationId: 'o', epoch: 'e', channels: heads } as Log;
}

/** Feeds on a database whose log is `log`, and which has flushed it when `settled` resolves. */
function openFeeds(log: Log, settled: () => Promise<void> = async () => undefined): Feeds {
  return new Feeds({ database: { transaction: async () => log, settle: settled }, now: () => 0 } as never);
}

test('a channel that was removed while frames were flushed stays removed, and one that is new is taken up', async () => {
  const feeds = openFeeds(logOf(channel));
  const feed = await feeds.find('o');
  feeds.place('o', gone);
  feeds.deliver({ log: logOf(channel, { ...channel, name: 'app.other' }), frames: [] });
  assert.deepEqual(
    [feed.channels.get('app.news')?.removed, feed.channels.get('app.news')?.visibility],
    [true, 'private'],
  );
  assert.equal(feed.channels.get('app.other')?.visibility, 'public');
});

test('a channel that was removed while its feed was opened is removed in it', async () => {
  let settle = () => {};
  const feeds = openFeeds(
    logOf(channel),
    () =>
      new Promise((resolve) => {
        settle = resolve;
      }),
  );
  const opening = feeds.find('o');
  await new Promise(setImmediate);
  feeds.deliver({ log: logOf(channel), frames: [] });
  feeds.place('o', gone);
  settle();
  assert.equal((await opening).channels.get('app.news')?.removed, true);
});
