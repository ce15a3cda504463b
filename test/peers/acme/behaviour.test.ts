/** Debian's Pebble beside us: the same requests, rightly and wrongly made, get the same answers from both, but for a list with reasons. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { Agent, request as requestSecurely } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { differences } from './differences.ts';
import { openNameServer } from './name-server.ts';
import { spawnPebble } from './pebble.ts';
import { type ProbedServer, probes } from './probes.ts';
import { openClientScene } from './scene.ts';

function missing(program: string): string | false {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return false;
  } catch {
    return process.env.CI === 'true' ? false : `${program} is not installed (scripts/install-services)`;
  }
}

interface Servers {
  readonly ours: ProbedServer;
  readonly pebble: ProbedServer;
}

/** Both, looking for proofs at one web server. */
async function openServers(t: TestContext): Promise<Servers> {
  const scene = await openClientScene();
  t.after(() => scene.close());
  const files = new Map<string, string>();
  await openWeb(t, { files, port: scene.ports.http });
  const rules = { name: 'probed', authority: 'issuing', addresses: 'any', http_port: scene.ports.http };
  const limits = { accounts: 0, orders: 0, failures: 0 };
  await scene.operator.call('POST', '/api/acme/directories', { ...rules, limits, terms_url: 'https://terms.test/' });
  const ours = { directoryUrl: scene.directoryUrl('standalone').replace('standalone', 'probed'), send: fetch, files };
  return { ours, pebble: { ...(await startPebble(t, { folder: scene.folder, httpPort: scene.ports.http })), files } };
}

async function openWeb(
  t: TestContext,
  { files, port }: { readonly files: ReadonlyMap<string, string>; readonly port: number },
): Promise<void> {
  const web = createServer((request, response) => {
    const text = files.get(request.url ?? '');
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  web.listen(port, '127.0.0.1');
  await once(web, 'listening');
  t.after(() => web.close());
}

async function startPebble(
  t: TestContext,
  { folder, httpPort }: { readonly folder: string; readonly httpPort: number },
) {
  const names = await openNameServer(folder);
  t.after(() => names.close());
  const [certFile, keyFile] = [join(folder, 'pebble.crt'), join(folder, 'pebble.key')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [...request, ...subject, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  const surroundings = { folder, httpPort, nameServer: names.address, certFile, keyFile };
  const { child, directoryUrl } = await spawnPebble(surroundings, 'without its pauses');
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  // It trusts this certificate alone.
  const agent = new Agent({ keepAlive: true, ca: await readFile(certFile, 'utf8') });
  t.after(() => agent.destroy());
  const send = createSend(agent);
  for (let tries = 0; !(await send(new Request(directoryUrl)).then(isOk, () => false)); tries++) {
    if (tries > 600 || child.exitCode !== null) throw new Error('expected Pebble to answer');
    await delay(50);
  }
  return { directoryUrl, send };
}

function isOk({ ok }: Response): boolean {
  return ok;
}

function createSend(agent: Agent): (request: Request) => Promise<Response> {
  return async (request) => {
    const headers = { 'user-agent': 'signpost-test', ...Object.fromEntries(request.headers) };
    const sent = requestSecurely(request.url, { method: request.method, headers, agent });
    sent.end(Buffer.from(await request.arrayBuffer()));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await buffer(response);
    const received = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
    return new Response(body.length > 0 ? new Uint8Array(body) : null, {
      status: response.statusCode ?? 0,
      headers: received,
    });
  };
}

test('each difference that is meant is about a probe, and is one', () => {
  for (const [asked, { ours, pebble, why }] of Object.entries(differences)) {
    assert.ok(Object.hasOwn(probes, asked), asked);
    assert.notEqual(ours, pebble, asked);
    assert.notEqual(why, '', asked);
  }
});

test('the same requests get the same answers from Pebble and from us, but for what is listed with its reason', {
  skip: missing('pebble'),
}, async (t) => {
  const { ours, pebble } = await openServers(t);
  for (const [asked, probe] of Object.entries(probes)) {
    await t.test(asked, async () => {
      const found = { ours: await probe(ours), pebble: await probe(pebble) };
      const meant = differences[asked];
      assert.deepEqual(
        found,
        meant ? { ours: meant.ours, pebble: meant.pebble } : { ours: found.pebble, pebble: found.pebble },
      );
    });
  }
});
