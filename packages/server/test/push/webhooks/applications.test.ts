import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declareChannel } from '../../../src/push/channels/channel.ts';
import { Sequencer } from '../../../src/push/log/sequencer.ts';
import { recordPublished } from '../../../src/push/webhooks/deliveries/record.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { openWebhookScene } from './scene.ts';

forEachEngine((_name, open) => {
  test('what applications publish goes to the webhooks that name its type, and to no other', async (t) => {
    const closers: (() => unknown)[] = [];
    t.after(async () => {
      for (const close of closers.reverse()) await close();
    });
    const hooks = await openWebhookScene(await open(), closers);
    const { id = '' } = await hooks.create({ types: ['app.deployed', 'release.activated'] });
    const { id: all = '' } = await hooks.create();
    const { database, now, log } = hooks.scene.resources;
    const { organisationId } = hooks.scene.home.caller;
    await declareChannel({ database, now }, hooks.scene.home.caller, { name: 'app.operations', visibility: 'private' });
    const sequencer = new Sequencer({
      ...{ database, now, log, deliver: () => undefined },
      findSigner: async () => ({ kid: '0'.repeat(32), sign: () => new Uint8Array(64) }),
      published: async (tx, publication) => void (await recordPublished(tx, publication)),
    });
    sequencer.start();
    const publish = (type: string, data: { readonly host: string }) =>
      sequencer.publish({ organisationId, draft: { channel: 'app.operations', type, data, since: now() } });
    await publish('app.deployed', { host: 'a' });
    await publish('app.deployed', { host: 'b' });
    await publish('app.other', { host: 'c' });
    await sequencer.stop();
    await hooks.deliver();
    const posted = await Promise.all([id, all].map(async (hook) => (await hooks.deliveries(hook)).length));
    assert.deepEqual(posted, [2, 0]);
    const nextOf = async (limit: number) =>
      (await hooks.ask('GET', `/api/webhooks/${id}/deliveries?limit=${limit}`)).json.next;
    assert.equal(await nextOf(2), null, 'the page ends with the list');
    const rest = await hooks.deliveries(id, `?limit=1&before=${await nextOf(1)}`);
    assert.equal(rest.length, 1);
    assert.deepEqual(hooks.receiver.received.map(({ json }) => `${json.type} ${json.data.host}`).sort(), [
      'app.deployed a',
      'app.deployed b',
    ]);
  });
});
