/** Questions of readers: what counts as an answer, how long it takes, and where it may come from. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { Question } from '../../../src/watch/readers/ask.ts';
import { type AskParts, createAsk } from '../../../src/watch/readers/send-question.ts';

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const { signal } = new AbortController();
const at = Date.UTC(2026, 0, 1);

function ask(url: string, question: Partial<Question> = {}, parts: Partial<AskParts> = {}) {
  const listed = new Set([new URL(url).host]);
  return createAsk({ privateHosts: listed, now: () => at, ...parts })({ url, maxBytes: 100, signal, ...question });
}

const echo = await serve((request, response) => {
  const [, status = '200', target] = /^\/(\d+)(?:\?(.*))?$/.exec(request.url ?? '') ?? [];
  const { authorization, accept, 'if-none-match': known } = request.headers;
  const headers = target === undefined ? {} : { location: decodeURIComponent(target) };
  response.writeHead(Number(status), { 'x-seen': 'yes', ...headers });
  response.end(
    request.method === 'HEAD' || status === '304' ? undefined : [request.method, accept, known, authorization].join(),
  );
});

for (const status of [200, 201, 304, 404, 410]) {
  test(`${status} is an answer`, async () => {
    const answer = await ask(`${echo}/${status}`);
    assert.deepEqual(answer.kind === 'answer' && [answer.status, answer.headers.get('x-seen')], [status, 'yes']);
  });
}

for (const status of [400, 401, 403, 405, 408, 418, 429, 500, 502, 503, 504]) {
  test(`${status} is none`, async () => {
    const host = new URL(echo).host;
    const answer = await ask(`${echo}/${status}`);
    assert.deepEqual(answer.kind === 'unknown' && [answer.status, answer.reason], [
      status,
      `${host} answered ${status}`,
    ]);
  });
}

test('a question is asked as it is put', async () => {
  const headers = { authorization: 'Bearer t' };
  const answer = await ask(`${echo}/200`, { accept: 'a/b', ifNoneMatch: '"e"', headers });
  assert.equal(answer.kind === 'answer' && Buffer.from(answer.body).toString(), 'GET,a/b,"e",Bearer t');
  const head = await ask(`${echo}/200`, { method: 'HEAD' });
  assert.equal(head.kind === 'answer' && head.body.length, 0);
});

test('what Retry-After asks for is told, in seconds or as a date, and not believed beyond a day', async () => {
  const waits: readonly (readonly [string, number | undefined])[] = [
    ...([
      ['7', 7000],
      ['0', 0],
      ['999999999', 86_400_000],
    ] as const),
    ...([
      [new Date(at + 5000).toUTCString(), 5000],
      [new Date(at - 5000).toUTCString(), 0],
      ['soon', undefined],
    ] as const),
  ];
  for (const [text, expected] of waits) {
    const url = await serve((_, response) => response.writeHead(429, { 'retry-after': text }).end());
    const answer = await ask(url);
    assert.equal(answer.kind === 'unknown' && answer.retryAfterMs, expected, text);
  }
});

test('a redirect within the origin is followed, one elsewhere only where it may be, and neither for ever', async () => {
  const headers = { authorization: 'secret' };
  const within = await ask(`${echo}/302?${encodeURIComponent('/200')}`, { headers });
  assert.match(within.kind === 'answer' ? Buffer.from(within.body).toString() : '', /secret$/);
  const other = await serve((request, response) => response.end(request.headers.authorization ?? 'nothing'));
  const away = `${echo}/307?${encodeURIComponent(other)}`;
  assert.equal((await ask(away, { headers })).kind, 'unknown');
  const hosts = new Set([echo, other].map((url) => new URL(url).host));
  const followed = await ask(away, { headers, redirects: 'any-origin' }, { privateHosts: hosts });
  assert.equal(followed.kind === 'answer' && Buffer.from(followed.body).toString(), 'nothing');
  const circle = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
  const answer = await ask(circle);
  assert.match(answer.kind === 'unknown' ? answer.reason : '', /redirects more than 3 times/);
  assert.equal((await ask(`${echo}/302?${encodeURIComponent('/200')}`, { method: 'POST', body: 'x' })).kind, 'unknown');
});

test('a host that is not listed may be public alone, and one that is listed is not named by one that is not', async () => {
  const unlisted = await ask(echo, {}, { privateHosts: new Set() });
  assert.match(unlisted.kind === 'unknown' ? unlisted.reason : '', /an address that this server may connect to/);
  const resolve = async () => ['127.0.0.1'];
  const named = { url: 'http://registry.example/', namedBy: 'https://public.example/' };
  const hosts = new Set(['registry.example']);
  assert.equal((await ask(named.url, { namedBy: named.namedBy }, { privateHosts: hosts, resolve })).kind, 'unknown');
});

test('a challenge is told when the origin itself put it', async () => {
  const url = await serve((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
  const answer = await ask(url);
  assert.equal(answer.kind === 'unknown' && answer.challenge, 'Basic realm="x"');
  const hosts = new Set([echo, url].map((one) => new URL(one).host));
  const away = { redirects: 'any-origin' } as const;
  const followed = await ask(`${echo}/307?${encodeURIComponent(url)}`, away, { privateHosts: hosts });
  assert.deepEqual(followed.kind === 'unknown' && [followed.status, followed.challenge], [undefined, undefined]);
});

test('whoever a redirect leads to cannot ask for silence in the name of the one that was asked', async () => {
  const other = await serve((_, response) => response.writeHead(429, { 'retry-after': '86400' }).end());
  const target = encodeURIComponent(other);
  const privateHosts = new Set([echo, other].map((url) => new URL(url).host));
  const answer = await ask(`${echo}/302?${target}`, { redirects: 'any-origin' }, { privateHosts });
  assert.deepEqual(answer, { kind: 'unknown', reason: `${new URL(other).host} answered 429` });
});

test('a body that is too long, an answer that does not come and a connection that breaks are no answers', async () => {
  const long = await ask(await serve((_, response) => void response.end('x'.repeat(101))));
  assert.equal(long.kind === 'unknown' && long.isTooLong, true);
  const never = await serve(() => {});
  const late = await ask(never, {}, { timeoutMs: 50 });
  assert.equal(late.kind === 'unknown' && late.reason, `${new URL(never).host} did not answer within 0.05 s`);
  const broken = await ask(await serve((request) => request.socket.destroy()));
  assert.match(broken.kind === 'unknown' ? broken.reason : '', /^no answer from 127\.0\.0\.1:\d+: ECONNRESET$/);
});

test('whoever ends the question gets the reason, and nothing else is thrown', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const asked = ask(await serve(() => controller.abort(reason)), { signal: controller.signal });
  await assert.rejects(asked, reason);
  await assert.rejects(ask(echo, { signal: AbortSignal.abort(reason) }), reason);
});
