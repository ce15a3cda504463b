import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFrame } from '@signpost/protocol/frames/frame';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { readLog } from '../../src/push/log/log.ts';
import { pruneLogs } from '../../src/push/log/retention.ts';
import { openPush } from '../../src/push/push.ts';
import { createMemoryBus } from '../../src/storage/bus/memory.ts';
import { createId } from '../../src/storage/ids.ts';
import { silentLog } from '../silent-log.ts';
import { forEachEngine } from '../storage/engines.ts';
import { isLogged, listen } from './listening.ts';
import { createPushScene, type PushScene } from './scene.ts';

forEachEngine((_name, open) => {
  test('members hear private channels, strangers and keys of one project public ones, and nobody those of others', async (t) => {
    const scene = await createPushScene(await open());
    t.after(() => scene.close());
    const { home, other, ask } = scene;
    const reading = await scene.openKey({ organisationId: home.id, verbs: ['read'] });
    const scoped = await scene.openKey({ organisationId: home.id, verbs: ['read'], scope: 'project:lighthouse' });
    const statusOf = async (channels: string, as?: Readonly<Record<string, string>>) =>
      (await ask('GET', `/api/push/frames?channels=${channels}`, as ? { as } : {})).status;
    assert.deepEqual(
      [
        await statusOf('trust,releases,catalogue'),
        await statusOf('trust,system'),
        await statusOf('certificates,evidence,watch,system', home.people.viewer.session),
        await statusOf('certificates', reading.credential),
        await statusOf('certificates', scoped.credential),
        await statusOf('releases', scoped.credential),
        await statusOf('certificates', other.people.admin.session),
        await statusOf('nobody'),
        await statusOf('Trust'),
        await statusOf(Array.from({ length: 17 }, (_, index) => `app.${index}`).join()),
      ],
      [200, 401, 200, 200, 403, 200, 401, 404, 400, 400],
    );
    const listed = async (as?: Readonly<Record<string, string>>) => {
      const answer = await ask('GET', '/api/push/channels', as ? { as } : {});
      return ((await answer.json()) as { channels: { name: string }[] }).channels.map(({ name }) => name);
    };
    assert.deepEqual(await listed(), ['catalogue', 'releases', 'trust']);
    assert.equal((await listed(home.people.viewer.session)).length, 7);
  });

  test('a channel is declared, published on once for each idempotency key, removed, and comes back with its sequence', async (t) => {
    const scene = await createPushScene(await open());
    t.after(() => scene.close());
    const { ask, home } = scene;
    const as = home.people.manager.session;
    const declare = (name: string) => ask('POST', '/api/push/channels', { as, json: { name, visibility: 'private' } });
    assert.equal((await declare('chat')).status, 400);
    assert.equal((await declare('app.chat')).status, 201);
    assert.equal((await declare('app.chat')).status, 409);
    const publish = async (json: unknown, key?: string, channel = 'app.chat') => {
      const headers = key === undefined ? {} : { 'idempotency-key': key };
      const answer = await ask('POST', `/api/push/channels/${channel}/frames`, { as, json, headers });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const hello = { type: 'app.hello', data: { text: 'hello' } };
    const twins = await Promise.all([publish(hello, 'a'), publish(hello, 'a'), publish(hello, 'a')]);
    assert.deepEqual(
      twins.map(({ status, body }) => [status, body.sequence]),
      [
        [202, 1],
        [202, 1],
        [202, 1],
      ],
    );
    assert.equal((await publish({ type: 'app.hello', data: { text: 'else' } }, 'a')).body.rule, 'idempotency-key');
    assert.equal((await publish(hello)).body.sequence, 2);
    assert.equal((await publish({ type: 'app.hello', data: { text: 'x'.repeat(1024) } })).status, 413);
    assert.equal((await publish({ type: 'app.hello', data: { half: 0.5 } })).status, 400);
    assert.equal((await publish({ type: 'release.activated' })).status, 400);
    assert.equal((await publish({ type: 'app.hello' }, undefined, 'app.nothing')).status, 404);
    assert.equal((await publish({ type: 'app.hello' }, undefined, 'releases')).status, 400);
    assert.equal((await ask('DELETE', '/api/push/channels/app.chat', { as })).status, 204);
    assert.equal((await publish(hello)).status, 404);
    assert.equal((await declare('app.chat')).status, 201);
    assert.equal((await publish(hello)).body.sequence, 3);
  });

  test('events wait for a push key that the trust list names, hold up nobody, and become frames once and in order', async (t) => {
    const scene = await createPushScene(await open(), { vouched: false });
    t.after(() => scene.close());
    const { url, now, home } = scene;
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.0' });
    const event = {
      id: createId(now()),
      organisationId: home.id,
      topic: 'release.activated',
      payload: { project: 'lighthouse', version: '1.0.1' },
      at: now(),
    };
    await scene.push.sequencer.take(event);
    await scene.push.sequencer.take(event);
    const refused = await fetch(`${url}/api/push/stream?channels=releases`);
    assert.equal(refused.status, 503);
    assert.equal(((await refused.json()) as { rule: string }).rule, 'push-not-vouched');
    const { waiting } = await scene.identity();
    await scene.publishTrust({ version: 1, push: waiting ? [waiting] : [] });
    await settleAll(scene);
    await scene.push.sequencer.take(event);
    await settleAll(scene);
    const frames = await readAll(scene, 'releases');
    assert.deepEqual(
      frames.map((text) => parseFrame(text).payload.data?.version),
      ['1.0.0', '1.0.1'],
    );
  });

  test('a rotated push key takes over with the list that names it, and one that a list revokes signs no more', async (t) => {
    const scene = await createPushScene(await open());
    t.after(() => scene.close());
    const { ask, home } = scene;
    const as = home.people.admin.session;
    assert.equal((await ask('POST', '/api/push/identity/rotate', { as })).status, 201);
    assert.equal((await ask('POST', '/api/push/identity/rotate', { as })).status, 409);
    const { active, waiting } = await scene.identity();
    assert.ok(active && waiting);
    await scene.publishTrust({ version: 2, push: [active, waiting] });
    await settleAll(scene);
    assert.equal((await scene.identity()).active?.key_id, waiting.key_id);
    const revoked = {
      keyId: waiting.key_id,
      pubkeyB64: waiting.pubkey_b64,
      reason: 'stolen',
      revokedAt: scene.now(),
      effectiveFrom: undefined,
    };
    await scene.publishTrust({ version: 3, push: [waiting], revoked: [revoked] });
    assert.equal((await ask('GET', '/api/push/keys')).status, 503);
  });

  test('retention takes the oldest frames, and a signed snapshot says so to whoever wanted them', async (t) => {
    const scene = await createPushScene(await open());
    t.after(() => scene.close());
    const { database, now, url } = scene;
    for (let index = 0; index < 12; index++)
      await scene.tell('release.activated', { project: 'lighthouse', version: `1.0.${index}` });
    await settleAll(scene);
    const { epoch } = parseFrame((await readAll(scene, 'releases'))[0] ?? '').payload;
    const placed = (organisationId: string, channel: Parameters<typeof scene.push.hub.place>[1]) =>
      scene.push.hub.place(organisationId, channel);
    await pruneLogs({ database, now, config: { pushKeepFrames: 5, pushKeepDays: 30 }, placed });
    const lost = await listen(`${url}/api/push/stream?channels=releases&since=${epoch}:releases.3`);
    await lost.until(() => lost.events.some(({ data }) => data.includes('"type":"snapshot"')));
    const snapshot = lost.events.find(({ data }) => data.includes('"type":"snapshot"'));
    assert.deepEqual({ ...parseFrame(snapshot?.data ?? '').payload.data }, { oldest: 8 });
    const held = await listen(`${url}/api/push/stream?channels=releases&since=${epoch}:releases.7`);
    await held.until(() => held.frames().length === 5);
    const foreign = await listen(`${url}/api/push/stream?channels=releases&since=0123456789abcdef:releases.7`);
    await foreign.until(() => foreign.events.some(({ data }) => data.includes('"type":"snapshot"')));
    for (const stream of [lost, held, foreign]) stream.close();
  });

  test('what a stopped server had not told is told by the next one, and what it told is told once', async (t) => {
    const database = await open();
    const scene = await createPushScene(database, { vouched: false });
    t.after(() => scene.close());
    for (let index = 0; index < 3; index++)
      await scene.tell('release.activated', { project: 'lighthouse', version: `1.0.${index}` });
    const { waiting } = await scene.identity();
    await scene.push.close();
    await scene.publishTrust({ version: 1, push: waiting ? [waiting] : [] });
    const { vault, now, config } = scene;
    const next = openPush({ database, vault, now, config, log: silentLog, wakeWorker: () => undefined });
    next.start(createMemoryBus());
    await settleAll(scene);
    await next.close();
    const rows = await database.query
      .selectFrom('push_frame')
      .select(['channel', 'sequence'])
      .where('channel', '=', 'releases')
      .orderBy('sequence')
      .execute();
    assert.deepEqual(
      rows.map(({ sequence }) => sequence),
      [1, 2, 3],
    );
  });
});

async function settleAll(scene: PushScene): Promise<void> {
  await scene.settle();
  const feed = await scene.push.hub.feedOf(scene.home.id);
  await waitUntil('what was committed to be told', async () => {
    const log = await readLog(scene.database.query, scene.home.id);
    return [...(log?.channels.values() ?? [])].every(({ name, head }) => feed.channels.get(name)?.head === head);
  });
}

async function readAll(scene: PushScene, channel: string): Promise<string[]> {
  const feed = await scene.push.hub.feedOf(scene.home.id);
  const since = `${feed.epoch}:${channel}.0`;
  const answer = await scene.ask('GET', `/api/push/frames?channels=${channel}&since=${since}`);
  const { frames } = (await answer.json()) as { frames: unknown[] };
  return frames.map((frame) => JSON.stringify(frame)).filter(isLogged);
}
