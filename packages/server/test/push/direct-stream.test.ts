import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { listen } from './listening.ts';
import { openPushScene, type PushScene } from './scene.ts';

const route = 'GET /api/push/stream';

suite('an event stream that the socket opens by itself', () => {
  let scene: PushScene;
  before(async () => {
    scene = await openPushScene({ environment: { SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS: '4' } });
  });
  after(() => scene.close());

  /** How often the application has opened one, and the socket, which measures no time. */
  async function countOpened(): Promise<{ application: number; socket: number }> {
    const text = await scene.app.metrics.registry.metrics();
    const read = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(name) && line.includes(route))
          ?.split(' ')
          .at(-1) ?? 0,
      );
    const application = read('signpost_http_request_seconds_count');
    return { application, socket: read('signpost_http_requests_total') - application };
  }

  test('is the same as that of the application, from the second stranger on', async () => {
    const target = `${scene.url}/api/push/stream?channels=releases`;
    const first = await listen(target);
    assert.deepEqual(await countOpened(), { application: 1, socket: 0 });
    const second = await listen(target);
    assert.deepEqual(await countOpened(), { application: 1, socket: 1 });
    const { date: _first, ...expected } = first.headers;
    const { date: _second, ...headers } = second.headers;
    assert.deepEqual(headers, expected);
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.0' });
    for (const stream of [first, second]) await stream.until(() => stream.frames().length === 1);
    assert.deepEqual(second.events[0], first.events[0]);
    assert.deepEqual(second.frames(), first.frames());
    const cursor = first.events.findLast(({ id }) => id !== undefined)?.id ?? '';
    await scene.tell('release.activated', { project: 'lighthouse', version: '1.0.1' });
    const later = [
      await listen(`${target}&since=${cursor}`),
      await listen(target, { 'last-event-id': cursor }),
    ] as const;
    for (const stream of later) await stream.until(() => stream.frames().length === 1);
    assert.deepEqual(later[0].frames(), later[1].frames());
    // The application signs a heartbeat of the new head for the first of them.
    assert.deepEqual(await countOpened(), { application: 2, socket: 2 });
    assert.equal((await listen(target)).status, 429);
    for (const stream of [first, second, ...later]) stream.close();
    while (scene.push.admission.counts.sse > 0) await setImmediate();
  });

  const refused: readonly (readonly [string, string, number])[] = [
    ['without channels', 'since=a', 400],
    ['for a name that is none', 'channels=RELEASES', 400],
    ['for a channel that is not there', 'channels=app.none', 404],
    ['for a private channel', 'channels=system', 401],
    ['for a cursor that is none', 'channels=releases&since=x', 422],
    ['for a parameter twice', 'channels=releases&channels=trust', 400],
  ];
  for (const [what, query, status] of refused) {
    test(`is refused by the application ${what}`, async () => {
      const before = scene.push.admission.counts.sse;
      const answer = await listen(`${scene.url}/api/push/stream?${query}`);
      assert.equal(answer.status, status);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(scene.push.admission.counts.sse, before);
    });
  }

  test('is left to the application for whoever shows who they are, and for a cursor that is held no more', async () => {
    const before = await countOpened();
    const session = await listen(`${scene.url}/api/push/stream?channels=system`, scene.home.people.viewer.session);
    assert.equal(session.status, 200);
    const lost = await listen(`${scene.url}/api/push/stream?channels=releases&since=0123456789abcdef:releases.7`);
    await lost.until(() => lost.events.some(({ data }) => data.includes('"type":"snapshot"')));
    assert.equal((await countOpened()).socket, before.socket);
    session.close();
    lost.close();
  });
});
