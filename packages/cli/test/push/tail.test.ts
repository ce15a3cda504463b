/** Signed frames by the command: the way from the first key to a frame that a listener believes, on a real server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { start } from '../support/run.ts';
import { createRoot, installServerKey, startServer, type TestServer } from '../support/server.ts';

const endings: (() => Promise<void>)[] = [];
let server: TestServer;
let root = '';
let epoch = '';

before(async () => {
  server = await startServer({ after: (clean) => endings.push(clean) });
  root = await createRoot(server);
  await installServerKey(server, '*', root);
  await server.json('push', 'create-channel', 'app.builds', '--visibility', 'public');
});

after(async () => {
  for (const end of endings) await end();
});

const publish = (build: number, ...more: string[]) =>
  server.json('push', 'publish', 'app.builds', 'app.finished', '--data', `{"build":${build}}`, ...more);

const parseLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('the first key of the server brings its push key along, and frames are vouched for', async () => {
  const identity = await server.json('push', 'identity');
  assert.equal(identity.vouched, true);
  const { push_keys: listed } = (await server.json('trust', 'show')) as { push_keys: { key_id: string }[] };
  assert.deepEqual(
    listed.map(({ key_id }) => key_id),
    [(identity.active as { key_id: string }).key_id],
  );
  const shown = await server.signpost('push', 'identity');
  assert.match(shown.stdout, /vouched for\s+yes/);
});

test('what was published is shown with its verification, once for each key of idempotency', async () => {
  const first = await publish(1, '--idempotency-key', 'one');
  epoch = String(first.epoch);
  assert.deepEqual(await publish(1, '--idempotency-key', 'one'), first);
  await publish(2);
  for (const transport of ['event-stream', 'web-socket', 'long-poll']) {
    const tail = ['tail', 'app.builds', '--since', `${epoch}:app.builds.0`, '--count', '2', '--root', root];
    const heard = await server.signpost(...tail, '--transport', transport, '--json');
    assert.equal(heard.code, 0, heard.stderr);
    const frames = parseLines(heard.stdout).filter(({ kind }) => kind === 'frame');
    assert.deepEqual(
      frames.map(({ channel, sequence, type, data }) => [channel, sequence, type, data]),
      [1, 2].map((build) => ['app.builds', build, 'app.finished', { build }]),
    );
    for (const { proof, kid } of frames) assert.match(`${proof} ${kid}`, /^(?:signature|chain) [0-9a-f]{32}$/);
  }
  const { channels } = (await server.json('push', 'channels')) as { channels: { name: string; head: number }[] };
  assert.equal(channels.find(({ name }) => name === 'app.builds')?.head, 2);
});

test('a listener hears what is published meanwhile, and Ctrl-C says where to go on', async () => {
  const { cwd, env } = server;
  const child = start(['tail', 'app.builds', '--root', root], { cwd, env });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let notes = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    notes += text;
  });
  assert.equal((await lines.next()).value, 'app.builds  live');
  await publish(3);
  const pattern = /^\S+Z {2}app\.builds 3 {2}app\.finished {2}ok, signed by [0-9a-f]{8} {2}\{"build":3\}$/;
  assert.match(String((await lines.next()).value), pattern);
  child.kill('SIGINT');
  const [code] = await ended;
  assert.equal(code, 0, notes);
  assert.match(notes, new RegExp(`listening by event-stream[^]*Go on with --since ${epoch}:app.builds.3`));
});

test('without channels the public ones are heard', async () => {
  const key = await server.json('key', 'create', '--label', 'second');
  assert.ok(Array.isArray(key.push_keys));
  const child = start(['tail', '--root', root, '--count', '1', '--json'], { cwd: server.cwd, env: server.env });
  // It may have ended before the command that it hears of.
  const ended = once(child, 'close');
  const printed = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const states = [await printed.next(), await printed.next()].map(({ value }) => JSON.parse(String(value)));
  assert.deepEqual(states.map(({ channel, state }) => `${channel} ${state}`).sort(), ['releases live', 'trust live']);
  await server.json('root', 'sign', '--dir', 'root', '--out', 't.json', '--passphrase-file', 'pass', '--renew');
  await server.json('trust', 'import', 't.json');
  const frame = JSON.parse(String((await printed.next()).value)) as Record<string, unknown>;
  assert.deepEqual([frame.channel, frame.type], ['trust', 'trust.updated']);
  await ended;
});

test('who pins another root hears nothing', async () => {
  const other = (await server.json('root', 'init', '--dir', 'other', '--passphrase-file', 'pass')).pubkey_b64;
  const child = start(['tail', 'app.builds', '--root', String(other), '--state', 'other.state'], {
    cwd: server.cwd,
    env: server.env,
  });
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  assert.match(String(line), /bad_signature/);
  child.kill('SIGTERM');
  await once(child, 'close');
});

test('what cannot be listened to or sent is refused with what to do', async () => {
  for (const [words, code, message] of [
    [['tail', 'Builds', '--root', root], 2, /hint: `signpost push channels`/],
    [['tail', 'app.nowhere', '--root', root, '--state', 'n'], 3, /got 404/],
    [['push', 'publish', 'app.builds', 'app.x', '--data', '1.5'], 2, /no fractions/],
    [['push', 'publish', 'app.builds', 'app.x', '--data', `{"x":"${'x'.repeat(1100)}"}`], 1, /1,?024/],
    [['push', 'publish', 'releases', 'release.activated'], 1, /./],
  ] as const) {
    const refused = await server.signpost(...words);
    assert.equal(refused.code, code, `${words.slice(0, 3).join(' ')}: ${refused.stderr}`);
    assert.match(refused.stderr, message);
  }
  assert.deepEqual(await server.json('push', 'remove-channel', 'app.builds'), { removed: 'app.builds' });
});
