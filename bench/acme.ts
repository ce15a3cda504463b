/** Full ACME orders a second against Debian's Pebble: order, http-01 validated over HTTP, finalisation, chain downloaded. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openNameServer } from '../test/peers/acme/name-server.ts';
import { type Contestant, type Surroundings, startOurs, startPebble } from './acme/contestants.ts';
import { LoadClient, prepareCsr, type Tokens } from './acme/load-client.ts';
import { compareInRounds, formatAmount, type Measurement, quantile } from './measurement.ts';

const clients = 16;
const ordersEach = 16;
const rounds = 3;

/**
 * Fresh names each time, 16 clients at once with a connection each, ECDSA keys for accounts and certificates, an RSA key above,
 * both servers over HTTPS and validating for real against the same web server. Ours answers when it is on the disk, with audit
 * rows; Pebble keeps everything in memory. The clients run on the same cores, so the processor time of either server stands
 * beside the rate.
 */
export async function measureAcme(): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const tokens: Tokens = new Map();
  const web = await openWeb(tokens);
  const names = await openNameServer(folder);
  const running: Contestant[] = [];
  try {
    const surroundings = { folder, httpPort: web.port, nameServer: names.address, ...createCertificate(folder) };
    const [ours, pebble] = [await startOurs(surroundings), await startPebble(surroundings)];
    running.push(ours, pebble);
    return [await compare({ ours, pebble, tokens })];
  } finally {
    for (const one of running) await one.stop();
    names.close();
    web.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare({
  ours,
  pebble,
  tokens,
}: {
  ours: Contestant;
  pebble: Contestant;
  tokens: Tokens;
}): Promise<Measurement> {
  const result = await compareInRounds({
    rounds,
    ours: () => countPerSecond(ours, tokens),
    peer: () => countPerSecond(pebble, tokens),
  });
  return {
    name: 'ACME orders, http-01, against Pebble',
    measured: result.ratio,
    bar: { kind: 'at least', value: 10, unit: ' x' },
    detail:
      `${formatAmount(result.ours)}/s, Pebble ${formatAmount(result.peer)}/s; processor time of an order ` +
      `${costOf(ours)} ms, Pebble ${costOf(pebble)} ms; ${clients} clients; only ours is durable`,
  };
}

let order = 0;
const costs = new Map<Contestant, number[]>();

/** Milliseconds of the server's processor time, in the median round that counts. */
function costOf(contestant: Contestant): string {
  return formatAmount(quantile((costs.get(contestant) ?? []).slice(1), 0.5));
}

async function countPerSecond(contestant: Contestant, tokens: Tokens): Promise<number> {
  const { directoryUrl } = contestant;
  const pool = await Promise.all(Array.from({ length: clients }, () => LoadClient.open(directoryUrl, tokens)));
  const work: { readonly name: string; readonly csr: string }[][] = pool.map(() => []);
  for (const list of work) {
    for (let count = 0; count < ordersEach; count++) {
      const name = `host-${++order}.bench.test`;
      list.push({ name, csr: await prepareCsr(name) });
    }
  }
  const usedBefore = contestant.readProcessorSeconds();
  const startedAt = performance.now();
  await Promise.all(
    pool.map(async (client, index) => {
      for (const { name, csr } of work[index] ?? []) await client.obtain(name, csr);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const cost = ((contestant.readProcessorSeconds() - usedBefore) * 1000) / (clients * ordersEach);
  costs.set(contestant, [...(costs.get(contestant) ?? []), cost]);
  for (const client of pool) client.close();
  return (clients * ordersEach) / seconds;
}

function createCertificate(folder: string): Pick<Surroundings, 'certFile' | 'keyFile'> {
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...names, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  return { certFile, keyFile };
}

async function openWeb(tokens: Tokens): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((request, response) => {
    const text = tokens.get(basename(request.url ?? ''));
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
