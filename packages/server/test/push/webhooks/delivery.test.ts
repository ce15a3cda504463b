/** From an event to the receiver that has it: once noted, signed, tried again, given up, replayed; and who is not connected to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { webhookParts } from '../../../src/planes.ts';
import { startDispatcher } from '../../../src/push/webhooks/deliveries/dispatcher.ts';
import { pruneWebhooks } from '../../../src/push/webhooks/deliveries/prune.ts';
import { recordDeliveries } from '../../../src/push/webhooks/deliveries/record.ts';
import type { Database } from '../../../src/storage/database.ts';
import { problem } from '../../planes-problem.ts';
import { dayMs } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { openReceiver, say } from './receiver.ts';
import { activation, openWebhookScene, path, type WebhookScene } from './scene.ts';

const hourMs = 3_600_000;

forEachEngine((_, open) => {
  const closers: (() => unknown)[] = [];
  let hooks: WebhookScene;
  let database: Database;

  before(async () => {
    database = await open();
    hooks = await openWebhookScene(database, closers);
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** A webhook with nobody else around, and a receiver that has got nothing. */
  async function begin(wish: object = {}): Promise<Record<string, string>> {
    const { webhooks } = (await hooks.ask('GET', path)).json as { webhooks: { id: string }[] };
    for (const { id } of webhooks) await hooks.ask('DELETE', `${path}/${id}`);
    hooks.receiver.received.length = 0;
    hooks.scene.home.travel(1);
    hooks.receiver.answer = say(204);
    return hooks.create(wish);
  }

  const stateOf = async (id: string) => {
    const { state, disabled_because } = (await hooks.ask('GET', `${path}/${id}`)).json;
    return [state, disabled_because];
  };

  const actionsOf = async (id: string) => {
    const rows = await database.query
      .selectFrom('audit_event')
      .select('action')
      .where('object_id', '=', id)
      .orderBy('sequence')
      .execute();
    return rows.map(({ action }) => action);
  };

  test('an event reaches its receiver as the frame would have it, signed so that others verify it', async () => {
    const { id = '', secret = '' } = await begin();
    const eventId = await hooks.happen('release.activated', { ...activation, sha256: 'ab'.repeat(32) });
    await hooks.deliver();
    const [message] = hooks.receiver.received;
    assert.ok(message);
    assert.equal(message.path, '/hook');
    assert.equal(message.headers['content-type'], 'application/json');
    assert.equal(message.headers['webhook-id'], eventId);
    assert.deepEqual(message.json, {
      type: 'release.activated',
      timestamp: new Date(hooks.scene.resources.now()).toISOString(),
      data: { ...activation, sha256: 'ab'.repeat(32) },
    });
    assert.equal(message.headers['webhook-timestamp'], String(Math.floor(hooks.scene.resources.now() / 1000)));
    const { headers, body } = message;
    // The library judges the time by the clock of this machine, which the scene does not follow.
    const again = { ...headers, 'webhook-timestamp': headers['webhook-timestamp'] ?? '' };
    const signature = new Webhook(secret).sign(eventId, new Date(Number(again['webhook-timestamp']) * 1000), body);
    assert.equal(signature, headers['webhook-signature']);
    const [{ state, attempts, last_status } = {}] = await hooks.deliveries(id);
    assert.deepEqual([state, attempts, last_status], ['delivered', 1, 204]);
  });

  test('an event that comes twice is posted once, and one that is no message not at all', async () => {
    const { id = '' } = await begin();
    const eventId = await hooks.happen('release.activated', activation);
    const { organisationId } = hooks.scene.home.caller;
    const event = { id: eventId, organisationId, topic: 'release.activated', payload: activation, at: 0 };
    assert.equal(await recordDeliveries(hooks.scene.resources, event), 0);
    await hooks.happen('project.created', { project: 'rocket' });
    await hooks.deliver();
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 1);
    assert.equal((await hooks.deliveries(id)).length, 1);
  });

  test('a webhook gets the types and the project that it asks for, and an organisation its own', async () => {
    await hooks.scene.asked();
    await begin({ types: ['release.activated', 'trust.updated'] });
    await hooks.happen('release.activated', activation);
    await hooks.happen('release.withdrawn', activation);
    await hooks.happen('trust.updated', { trust_version: 4, digest: 'cd'.repeat(32) });
    const { organisationId } = hooks.scene.other.caller;
    const foreign = { id: 'a-foreign-event', organisationId, topic: 'release.activated', payload: activation, at: 0 };
    assert.equal(await recordDeliveries(hooks.scene.resources, foreign), 0);
    await hooks.deliver();
    assert.deepEqual(hooks.receiver.received.map(({ json }) => json.type).sort(), [
      'release.activated',
      'trust.updated',
    ]);
  });

  test('what fails is tried again after a pause, with the same id and body and a new time', async () => {
    const { id = '' } = await begin();
    hooks.receiver.answer = say(503);
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    const [{ state, attempts, last_status, last_error, next_attempt_at } = {}] = await hooks.deliveries(id);
    assert.deepEqual([state, attempts, last_status, last_error], ['waiting', 1, 503, 'it refused']);
    assert.equal(Date.parse(String(next_attempt_at)) - hooks.scene.resources.now(), 30_000);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 1);
    hooks.receiver.answer = say(200);
    hooks.scene.home.travel(30_000);
    await hooks.deliver();
    const [first, second] = hooks.receiver.received;
    assert.equal(first?.body, second?.body);
    assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
    assert.notEqual(first?.headers['webhook-timestamp'], second?.headers['webhook-timestamp']);
    assert.notEqual(first?.headers['webhook-signature'], second?.headers['webhook-signature']);
    assert.equal((await hooks.deliveries(id))[0]?.state, 'delivered');
  });

  test('Retry-After is waited for', async () => {
    const { id = '' } = await begin();
    hooks.receiver.answer = say(429, { 'retry-after': '7200' });
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    const [{ next_attempt_at } = {}] = await hooks.deliveries(id);
    assert.equal(Date.parse(String(next_attempt_at)) - hooks.scene.resources.now(), 2 * hourMs);
  });

  test('a redirect is not followed, and nobody learns what stood in the answer', async () => {
    const { id = '' } = await begin();
    const elsewhere = await openReceiver();
    hooks.receiver.answer = say(307, { location: elsewhere.url });
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.equal(elsewhere.received.length, 0);
    await elsewhere.close();
    const shown = await hooks.deliveries(id);
    assert.match(String(shown[0]?.last_error), /redirect/);
    assert.doesNotMatch(JSON.stringify(shown) + hooks.scene.lines.join(), /a body that nobody keeps/);
  });

  test('an answer without end counts by its status, and is cut off', async () => {
    const { id = '' } = await begin();
    hooks.receiver.answer = (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    };
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.equal((await hooks.deliveries(id))[0]?.state, 'delivered');
  });

  test('410 switches a webhook off at once, and the others are told', async () => {
    const { id = '' } = await begin();
    const other = await openReceiver();
    await hooks.create({ url: other.url, types: ['webhook.disabled'] });
    hooks.receiver.answer = say(410);
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.deepEqual(await stateOf(id), ['disabled', 'gone']);
    assert.equal((await hooks.deliveries(id))[0]?.state, 'dead');
    await hooks.deliver();
    assert.deepEqual(
      other.received.map(({ json }) => [json.type, json.data.webhook, json.data.because]),
      [['webhook.disabled', id, 'gone']],
    );
    await other.close();
    assert.deepEqual(await actionsOf(id), ['webhook.created', 'webhook.disabled']);
    assert.equal(problem(await hooks.ask('POST', `${path}/${id}/test`)), '409 webhook-disabled');
    const { findings } = (
      await hooks.scene.ask('GET', '/api/doctor', { as: await hooks.scene.openPerson(hooks.scene.home, 'admin') })
    ).json as { findings: { code: string }[] };
    assert.ok(findings.some(({ code }) => code === 'webhook-disabled'));
  });

  test('days of failures alone switch a webhook off, and one success in between does not', async () => {
    const { id = '' } = await begin();
    const failFor = async (days: number) => {
      hooks.receiver.answer = say(500);
      for (let day = 0; day < days; day++) {
        await hooks.happen('release.activated', activation);
        await hooks.deliver();
        hooks.scene.home.travel(dayMs);
      }
    };
    await failFor(4);
    hooks.receiver.answer = say(200);
    await hooks.deliver();
    await failFor(5);
    assert.deepEqual(await stateOf(id), ['enabled', null]);
    await hooks.deliver();
    assert.deepEqual(await stateOf(id), ['disabled', 'failing']);
    const before = hooks.receiver.received.length;
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, before);
  });

  test('another address begins anew: failures of the one before do not count against it', async () => {
    const { id = '' } = await begin();
    hooks.receiver.answer = say(500);
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    hooks.scene.home.travel(6 * dayMs);
    const changed = await hooks.ask('PATCH', `${path}/${id}`, { url: `${hooks.receiver.url}/new` });
    assert.equal(changed.json.failing_since, null);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.at(-1)?.path, '/new');
    assert.deepEqual(await stateOf(id), ['enabled', null]);
  });

  test('what was given up is kept and listed, and goes out again when asked: one, or all since a time', async () => {
    const { id = '' } = await begin();
    const started = new Date(hooks.scene.resources.now()).toISOString();
    hooks.receiver.answer = say(500);
    await hooks.happen('release.activated', activation);
    await hooks.happen('release.withdrawn', activation);
    // The last pauses are of a day.
    for (let halfDays = 0; halfDays < 10; halfDays++) {
      await hooks.deliver();
      hooks.scene.home.travel(dayMs / 2);
    }
    const dead = await hooks.deliveries(id, '?state=dead');
    assert.deepEqual(
      dead.map(({ attempts }) => attempts),
      [8, 8],
    );
    assert.equal(hooks.receiver.received.length, 16);
    assert.deepEqual(await hooks.deliveries(id, '?state=waiting'), []);
    hooks.receiver.answer = say(200);
    assert.equal((await hooks.ask('POST', `${path}/${id}/deliveries/${dead[0]?.id}/replay`)).status, 202);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 17);
    const replayed = await hooks.ask('POST', `${path}/${id}/replay`, { since: started });
    assert.deepEqual([replayed.status, replayed.json], [202, { replayed: 1 }]);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.at(-1)?.headers['webhook-id'], dead[1]?.event_id);
    const all = await hooks.ask('POST', `${path}/${id}/replay`, { since: started, delivered: true });
    assert.deepEqual(all.json, { replayed: 2 });
    const missing = `${path}/${id}/deliveries/${id}/replay`;
    assert.equal(problem(await hooks.ask('POST', missing)), '404 webhook-delivery');
    assert.deepEqual(await actionsOf(id), ['webhook.created', ...Array(3).fill('webhook.replayed')]);
  });

  test('a replay brings what happened while the webhook was off', async () => {
    const { id = '' } = await begin({ types: ['release.withdrawn'] });
    assert.equal((await hooks.ask('POST', `${path}/${id}/disable`)).json.disabled_because, 'asked');
    const since = new Date(hooks.scene.resources.now()).toISOString();
    const missed = await hooks.happen('release.withdrawn', activation);
    await hooks.happen('release.activated', activation);
    assert.equal(problem(await hooks.ask('POST', `${path}/${id}/replay`, { since })), '409 webhook-disabled');
    assert.equal((await hooks.ask('POST', `${path}/${id}/enable`)).json.state, 'enabled');
    for (const replayed of [1, 0]) {
      assert.deepEqual((await hooks.ask('POST', `${path}/${id}/replay`, { since })).json, { replayed });
      await hooks.deliver();
    }
    assert.deepEqual(
      hooks.receiver.received.map(({ headers }) => headers['webhook-id']),
      [missed],
    );
  });

  test('a test message is tried once, whatever types are asked for, and does not count against the webhook', async () => {
    const { id = '' } = await begin({ types: ['key.revoked'], project: undefined });
    hooks.receiver.answer = say(500);
    const sent = await hooks.ask('POST', `${path}/${id}/test`);
    assert.equal(sent.status, 202);
    await hooks.deliver();
    const [{ id: delivery, state, type, last_status } = {}] = await hooks.deliveries(id);
    assert.deepEqual([delivery, state, type, last_status], [sent.json.id, 'dead', 'webhook.test', 500]);
    assert.equal((await hooks.ask('GET', `${path}/${id}`)).json.failing_since, null);
  });

  test('while the vault is locked deliveries wait, and nothing counts as tried', async () => {
    const { id = '' } = await begin();
    const { vault } = hooks.scene.resources;
    vault.lock();
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 0);
    await vault.unlock(masterPassword);
    assert.deepEqual(
      (await hooks.deliveries(id)).map(({ attempts }) => attempts),
      [0],
    );
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 1);
  });

  test('a receiver that does not answer holds up nobody else, and gets few at a time', async () => {
    const { id = '' } = await begin();
    const other = await openReceiver();
    await hooks.create({ url: other.url });
    const waiting: (() => void)[] = [];
    hooks.receiver.answer = (_, response) => void waiting.push(() => response.writeHead(204).end());
    for (let n = 0; n < 10; n++) await hooks.happen('release.activated', activation);
    const dispatcher = startDispatcher(webhookParts(hooks.scene.resources));
    while (other.received.length < 10 || waiting.length < 4) await sleep(5);
    assert.deepEqual([other.received.length, hooks.receiver.received.length], [10, 4]);
    // A stop lets go of what is under way: it counts as not tried, and goes out after the next start.
    await dispatcher.stop();
    assert.deepEqual(new Set((await hooks.deliveries(id)).map(({ attempts }) => attempts)), new Set([0]));
    hooks.receiver.answer = say(204);
    await hooks.deliver();
    assert.equal((await hooks.deliveries(id, '?state=delivered')).length, 10);
    await other.close();
  });

  test('an attempt whose process died is made again once its lease is over', async () => {
    const { id = '' } = await begin();
    await hooks.happen('release.activated', activation);
    const now = hooks.scene.resources.now();
    await database.query
      .updateTable('webhook_delivery')
      .set({ attempts: 1, lease_until: now + 60_000 })
      .execute();
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 0);
    hooks.scene.home.travel(60_001);
    await hooks.deliver();
    const [{ attempts, state } = {}] = await hooks.deliveries(id);
    assert.deepEqual([attempts, state, hooks.receiver.received.length], [2, 'delivered', 1]);
  });

  test('an address that leads elsewhere by now is not connected to', async () => {
    const { id = '' } = await begin({ url: hooks.receiver.url.replace('127.0.0.1', 'localhost') });
    await hooks.happen('release.activated', activation);
    const config = { ...hooks.scene.resources.config, webhookAddresses: 'private' as const };
    const dispatcher = startDispatcher({ ...webhookParts({ ...hooks.scene.resources, config }), random: () => 1 });
    await dispatcher.drain();
    await dispatcher.stop();
    assert.equal(hooks.receiver.received.length, 0);
    assert.match(String((await hooks.deliveries(id))[0]?.last_error), /no address that this server may connect to/);
  });

  test('a key that a reset of the vault has made unreadable says so', async () => {
    const { id = '' } = await begin();
    await database.query
      .updateTable('webhook_key')
      .set({ sealed_key: `v1.${'A'.repeat(64)}` })
      .execute();
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    assert.match(String((await hooks.deliveries(id))[0]?.last_error), /cannot be opened/);
    assert.equal((await hooks.ask('POST', `${path}/${id}/rotate`, { overlap_hours: 0 })).status, 200);
    hooks.scene.home.travel(60_000);
    await hooks.deliver();
    assert.equal(hooks.receiver.received.length, 1);
  });

  test('the figures tell of webhooks, what waits and what was given up', async () => {
    const { id = '' } = await begin();
    hooks.receiver.answer = say(500);
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    hooks.scene.home.travel(1000);
    await hooks.ask('POST', `${path}/${id}/test`);
    await hooks.deliver();
    const { registry } = hooks.scene.app.metrics;
    const { registerWebhookMetrics } = await import('../../../src/push/webhooks/metrics.ts');
    registerWebhookMetrics(registry, { ...hooks.scene.resources, attempts: hooks.scene.resources.webhookAttempts });
    const text = await registry.metrics();
    const { organisationId } = hooks.scene.home.caller;
    const label = `{organisation_id="${organisationId}"`;
    assert.ok(text.includes(`signpost_webhook_endpoints${label},state="enabled"} 1\n`), text);
    assert.ok(text.includes(`signpost_webhook_waiting${label}} 1\n`));
    assert.ok(text.includes(`signpost_webhook_dead_letters${label}} 1\n`));
    assert.ok(text.includes(`signpost_webhook_oldest_waiting_seconds${label}} 1\n`));
    assert.match(text, /signpost_webhook_attempts_total\{outcome="delivered"\} [1-9]/);
  });

  test('after thirty days nothing is kept of it', async () => {
    const { id = '' } = await begin();
    await hooks.happen('release.activated', activation);
    await hooks.deliver();
    hooks.scene.home.travel(29 * dayMs);
    await pruneWebhooks(hooks.scene.resources);
    assert.equal((await hooks.deliveries(id)).length, 1);
    hooks.scene.home.travel(2 * dayMs);
    await pruneWebhooks(hooks.scene.resources);
    assert.deepEqual(await hooks.deliveries(id), []);
  });
});
