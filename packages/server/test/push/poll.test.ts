import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPushScene, type PushScene } from './scene.ts';

suite('a long poll that waits', () => {
  let scene: PushScene;
  before(async () => {
    scene = await openPushScene();
  });
  after(() => scene.close());

  /** Begins a poll that has nothing to tell for half a minute; the function returned resolves with its answer. */
  async function startPoll(channels: string, as?: Readonly<Record<string, string>>) {
    const asked = scene.ask('GET', `/api/push/frames?channels=${channels}&wait=30`, as ? { as } : {});
    while (scene.push.hub.waitersOf(scene.home.id).length === 0) await sleep(1);
    return async () => {
      const answer = await asked;
      const { frames = [] } = (await answer.json()) as { frames?: { payload: { type: string } }[] };
      const types = frames.map(({ payload }) => payload.type).filter((type) => type !== 'heartbeat');
      return { status: answer.status, types };
    };
  }

  async function change(method: string, path: string, json?: unknown): Promise<void> {
    const answer = await scene.ask(method, path, { as: scene.home.people.admin.session, ...(json ? { json } : {}) });
    assert.ok(answer.ok);
  }

  const declare = (name: string, visibility: string) => change('POST', '/api/push/channels', { name, visibility });

  test('is answered as soon as there is a frame', async () => {
    const end = await startPoll('certificates', scene.home.people.viewer.session);
    await scene.tell('certificate.revoked', { serial: '0a', reason: 'keyCompromise' });
    assert.deepEqual(await end(), { status: 200, types: ['certificate.revoked'] });
  });

  test('is refused at once when its session ends', async () => {
    const as = await scene.home.people.viewer.logIn();
    const end = await startPoll('certificates', as);
    assert.equal((await scene.ask('DELETE', '/api/session', { as })).status, 204);
    assert.deepEqual(await end(), { status: 401, types: [] });
  });

  test('is refused at once when its API key is revoked', async () => {
    const { id, credential } = await scene.openKey({ organisationId: scene.home.id, verbs: ['read'] });
    const end = await startPoll('certificates', credential);
    await change('DELETE', `/api/api-keys/${id}`);
    assert.deepEqual(await end(), { status: 401, types: [] });
  });

  test('is refused at once when somebody loses their role', async () => {
    const { viewer } = scene.home.people;
    const end = await startPoll('certificates', await viewer.logIn());
    await change('PATCH', `/api/people/${viewer.id}`, { disabled: true });
    assert.deepEqual(await end(), { status: 401, types: [] });
  });

  test('is refused at once when its channel is removed', async () => {
    await declare('app.chat', 'private');
    const end = await startPoll('app.chat', scene.home.people.manager.session);
    await change('DELETE', '/api/push/channels/app.chat');
    assert.deepEqual(await end(), { status: 404, types: [] });
  });

  test('of a stranger hears nothing of a channel that has become private', async () => {
    await declare('app.board', 'public');
    const end = await startPoll('app.board');
    await change('DELETE', '/api/push/channels/app.board');
    await declare('app.board', 'private');
    await change('POST', '/api/push/channels/app.board/frames', { type: 'app.secret' });
    const { status, types } = await end();
    assert.ok(status === 401 || status === 404);
    assert.deepEqual(types, []);
  });

  test('hears nothing that came after its session had run out, though nobody has noticed that yet', async () => {
    const end = await startPoll('certificates', await scene.home.people.manager.logIn());
    scene.travel(366 * 86_400_000);
    await scene.tell('certificate.revoked', { serial: '0b', reason: 'keyCompromise' });
    assert.deepEqual(await end(), { status: 401, types: [] });
  });
});
