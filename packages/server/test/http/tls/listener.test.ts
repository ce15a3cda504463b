/** TLS at the socket: what is spoken, how a renewed certificate is taken up, and what is answered in the clear beside it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { Hono } from 'hono';
import { createTrustedProxies } from '../../../src/http/address.ts';
import { DirectResponders, type Question } from '../../../src/http/direct-responders.ts';
import type { DirectStream } from '../../../src/http/direct-streams.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { PreparedAnswers } from '../../../src/http/prepared.ts';
import { createRateLimit } from '../../../src/http/rate-limit.ts';
import { type HttpServerParts, openHttpServer } from '../../../src/http/server.ts';
import { createFileSource } from '../../../src/http/tls/key-pair.ts';
import { silentLog } from '../../silent-log.ts';
import { createPair, type PairFiles, replacePair } from './certificates.ts';

async function openFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function open(t: TestContext, wish: Partial<HttpServerParts>): Promise<URL> {
  const app = new Hono();
  app.all('*', (c) => c.text(`asked for ${c.req.path} of ${new URL(c.req.url).protocol}`));
  const server = await openHttpServer({
    ...{ fetch: app.fetch as HttpServerParts['fetch'], listen: { host: '127.0.0.1', port: 0 } },
    ...{ prepared: [new PreparedAnswers(Date.now)], metrics: createMetrics(), reads: createRateLimit(0, Date.now) },
    ...{
      responders: new DirectResponders(),
      streams: new DirectResponders<DirectStream>(),
      proxies: createTrustedProxies([]),
      secure: true,
      ...wish,
    },
  });
  t.after(() => server.stop());
  return new URL(server.url);
}

function openTls(t: TestContext, files: PairFiles): Promise<URL> {
  const source = createFileSource(files);
  return open(t, { tls: { source, requestClientCertificates: false, log: silentLog, followMs: 20 } });
}

async function ask(url: URL, agent: Agent): Promise<{ text: string; socket: TLSSocket }> {
  const asked = request(new URL('/x', url), { agent, rejectUnauthorized: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  const { socket } = answer;
  let text = '';
  for await (const chunk of answer) text += chunk;
  return { text, socket };
}

async function shownName(url: URL): Promise<string> {
  const agent = new Agent();
  const { socket } = await ask(url, agent);
  return String(socket.getPeerCertificate().subject.CN);
}

suite('a listener with TLS', () => {
  test('speaks 1.2 and 1.3 with forward secrecy, and nothing older', async (t) => {
    const url = await openTls(t, createPair(await openFolder(t), 'one'));
    assert.equal(url.protocol, 'https:');
    const greet = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', ciphers = 'DEFAULT@SECLEVEL=0') => {
      const socket = connect({
        ...{ host: '127.0.0.1', port: Number(url.port), minVersion: version, maxVersion: version, ciphers },
        rejectUnauthorized: false,
      });
      t.after(() => socket.destroy());
      await once(socket, 'secureConnect');
      return `${socket.getProtocol()} ${socket.getCipher().standardName}`;
    };
    assert.match(await greet('TLSv1.3'), /^TLSv1\.3 TLS_AES_/);
    assert.match(await greet('TLSv1.2'), /^TLSv1\.2 TLS_ECDHE_ECDSA_WITH_(?:AES_\d+_GCM|CHACHA20)/);
    await assert.rejects(greet('TLSv1.1'));
    await assert.rejects(greet('TLSv1.2', 'ECDHE-ECDSA-AES128-SHA'), 'no CBC');
    const { text } = await ask(url, new Agent());
    assert.equal(text, 'asked for /x of https:');
  });

  test('takes questions one after the other, in pieces and several at once, and answers them in order', async (t) => {
    const responders = new DirectResponders();
    const source = createFileSource(createPair(await openFolder(t), 'one'));
    const tls = { source, requestClientCertificates: false, log: silentLog };
    const url = await open(t, { tls, responders });
    const respond = async ({ body }: Question) => {
      // The first of two is the slower one.
      await sleep(body[0] === 0x61 ? 20 : 0);
      return { headers: [['X-Asked', Buffer.from(body).toString()]] as const, body: Buffer.from('known') };
    };
    const place = { host: url.host, target: '/x', generation: responders.generation };
    responders.keep(place, { route: 'POST /x', respond });
    const socket = connect({ host: '127.0.0.1', port: Number(url.port), rejectUnauthorized: false });
    t.after(() => socket.destroy());
    const shown: string[] = [];
    socket.setEncoding('latin1').on('data', (text: string) => {
      shown.push(...(text.match(/^x-asked: .*|asked for \S+/gim) ?? []));
    });
    const question = (path: string, body: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/ocsp-request\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const [start, end] = [question('/x', 'abcdef').slice(0, -3), 'def'];
    socket.write(start);
    await sleep(20);
    socket.write(`${end}${question('/x', 'ghi')}${question('/y', 'jkl')}${question('/x', 'mno')}`);
    while (shown.length < 4) await once(socket, 'data');
    assert.deepEqual(shown, ['X-Asked: abcdef', 'X-Asked: ghi', 'asked for /y', 'X-Asked: mno']);
  });

  test('shows a renewed certificate to new connections while the open ones go on', async (t) => {
    const dir = await openFolder(t);
    const files = createPair(dir, 'one');
    const url = await openTls(t, files);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const first = await ask(url, agent);
    await replacePair(createPair(dir, 'two'), files);
    while ((await shownName(url)) !== 'two') await sleep(20);
    const second = await ask(url, agent);
    assert.equal(second.socket, first.socket, 'the connection was kept');
    assert.equal(second.socket.getPeerCertificate().subject.CN, 'one');
  });

  test('goes on with the old pair while one of two files is new, or one is broken', async (t) => {
    const dir = await openFolder(t);
    const files = createPair(dir, 'one');
    const url = await openTls(t, files);
    const next = createPair(dir, 'two');
    await copyFile(next.certFile, files.certFile);
    await sleep(100);
    assert.equal(await shownName(url), 'one');
    await writeFile(files.certFile, 'no certificate');
    await sleep(100);
    assert.equal(await shownName(url), 'one');
    await replacePair(next, files);
    while ((await shownName(url)) !== 'two') await sleep(20);
  });

  test('is not opened with a key of another certificate, or files that are none', async (t) => {
    const dir = await openFolder(t);
    const [one, two] = [createPair(dir, 'one'), createPair(dir, 'two')];
    await assert.rejects(openTls(t, { ...one, keyFile: two.keyFile }), { rule: 'tls-key-pair' });
    await assert.rejects(openTls(t, { ...one, certFile: one.keyFile }), { rule: 'tls-key-pair' });
    await assert.rejects(openTls(t, { ...one, certFile: join(dir, 'missing') }), { rule: 'tls-file' });
  });

  test('takes no renegotiation, by which a connection would change its client', async (t) => {
    const url = await openTls(t, createPair(await openFolder(t), 'one'));
    const socket = connect({
      host: '127.0.0.1',
      port: Number(url.port),
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    const refused = await new Promise((resolve) => {
      socket.once('close', () => resolve(true));
      socket.once('error', () => resolve(true));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error !== null));
    });
    assert.equal(refused, true);
  });
});

test('in the clear only what proves itself is answered, however the path is written', async (t) => {
  const url = await open(t, { plainPathsOnly: true });
  const statusOf = async (path: string) => {
    const asked = plainRequest({ host: '127.0.0.1', port: url.port, path });
    asked.end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    return answer.statusCode;
  };
  const answered = [
    '/pki/web/crl',
    '/pki/web/ocsp/MEE%2F',
    '/o/acme/pki/web/ca.crt',
    '/acme/web/directory',
    '/healthz',
  ];
  for (const path of answered) assert.equal(await statusOf(path), 200, path);
  const closed = [
    '/',
    '/api/session',
    '/pki',
    '/pkix/a',
    '/pki/../api/session',
    '/pki/%2e%2e/api/session',
    '/o/a/api/x',
  ];
  for (const path of [...closed, '//pki/x', '/healthz/x', `http://x/api/session`, '/o/pki/api/people']) {
    assert.equal(await statusOf(path), 403, path);
  }
});
