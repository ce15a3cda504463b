/** Full ACME orders a second against Debian's Pebble: order, http-01 validated over HTTP, finalisation, chain downloaded. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openNameServer } from '../test/peers/acme/name-server.ts';
import { type Contestant, type Surroundings, startBare, startOurs, startPebble } from './acme/contestants.ts';
import { LoadClient, prepareCsr, type Tokens } from './acme/load-client.ts';
import { compareInRounds, formatAmount, type Measurement, quantile } from './measurement.ts';

const clients = 16;
const rounds = 3;
const ordersEach = 16;
/** A validation of Pebble as it is shipped takes seconds. */
const patientOrdersEach = 2;

/**
 * Fresh names each time, 16 clients at once with a connection each, ECDSA keys for accounts and certificates, an RSA key above,
 * all servers over HTTPS and validating for real against the same web server. Ours answers when it is on the disk, with audit
 * rows; Pebble keeps everything in memory. The clients run on the same cores, so the processor time of each server stands
 * beside the rate, and beside both what a server reaches that only verifies the signatures of as many requests.
 */
export async function measureAcme(): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const tokens: Tokens = new Map();
  const web = await openWeb(tokens);
  const names = await openNameServer(folder);
  const surroundings = { folder, httpPort: web.port, nameServer: names.address, ...createCertificate(folder) };
  const running: Contestant[] = [];
  const start = async (starting: Promise<Contestant>) => {
    const contestant = await starting;
    running.push(contestant);
    return new Runner(contestant, tokens);
  };
  try {
    const ours = await start(startOurs(surroundings));
    const fast = await start(startPebble(surroundings, 'without its pauses'));
    const bare = await start(startBare(surroundings));
    const quick = await compareInRounds({
      rounds,
      ours: () => ours.countOrders(ordersEach),
      peer: () => fast.countOrders(ordersEach),
    });
    // As many requests as ours has had for an order.
    const limit = await countLimit(bare, Math.round(ours.requestsPerOrder));
    const shipped = await start(startPebble(surroundings, 'as shipped'));
    const slow = await compareInRounds({
      rounds: 1,
      ours: () => ours.countOrders(ordersEach),
      peer: () => shipped.countOrders(patientOrdersEach),
    });
    return [
      describe('as Debian ships it', slow, { ours, pebble: shipped, limit }),
      describe('with its test pauses off', quick, { ours, pebble: fast, limit }),
    ];
  } finally {
    for (const one of running) await one.stop();
    names.close();
    web.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Comparison = Awaited<ReturnType<typeof compareInRounds>>;

function describe(
  manner: string,
  { ratio, ours, peer }: Comparison,
  runners: { readonly ours: Runner; readonly pebble: Runner; readonly limit: string },
): Measurement {
  return {
    name: `ACME orders, http-01, against Pebble ${manner}`,
    measured: ratio,
    bar: { kind: 'at least', value: 10, unit: ' x' },
    detail:
      `${formatAmount(ours)}/s, Pebble ${formatAmount(peer)}/s; processor time of an order ${runners.ours.cost} ms, ` +
      `Pebble ${runners.pebble.cost} ms; ${runners.limit}; ${clients} clients; only ours is durable`,
  };
}

/** What the clients, TLS and the signatures alone leave possible. */
async function countLimit(bare: Runner, requestsEach: number): Promise<string> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) rates.push(await bare.countKnocks(ordersEach, requestsEach));
  const rate = formatAmount(quantile(rates.slice(1), 0.5));
  return `bare limit of ${requestsEach} verified requests an order ${rate}/s, ${bare.cost} ms`;
}

let order = 0;

/** One server under load. */
class Runner {
  readonly #contestant: Contestant;
  readonly #tokens: Tokens;
  readonly #costs: number[] = [];
  #requests = 0;
  #orders = 0;

  constructor(contestant: Contestant, tokens: Tokens) {
    this.#contestant = contestant;
    this.#tokens = tokens;
  }

  /** Signed requests that an order has taken so far. */
  get requestsPerOrder(): number {
    return this.#requests / this.#orders;
  }

  /** Milliseconds of the server's processor time for an order, in the median round that counts. */
  get cost(): string {
    return formatAmount(quantile(this.#costs.slice(1), 0.5));
  }

  /** Orders a second, with `each` for each client. */
  async countOrders(each: number): Promise<number> {
    const pool = await this.#openPool();
    const work: { readonly name: string; readonly csr: string }[][] = pool.map(() => []);
    for (const list of work) {
      for (let count = 0; count < each; count++) {
        const name = `host-${++order}.bench.test`;
        list.push({ name, csr: await prepareCsr(name) });
      }
    }
    return this.#measure(pool, each, async (client, index) => {
      for (const { name, csr } of work[index] ?? []) await client.obtain(name, csr);
    });
  }

  /** The same for `requestsEach` requests in the place of each order. */
  async countKnocks(each: number, requestsEach: number): Promise<number> {
    return this.#measure(await this.#openPool(), each, (client) => client.knock(each * requestsEach));
  }

  #openPool(): Promise<LoadClient[]> {
    const open = () => LoadClient.open(this.#contestant.directoryUrl, this.#tokens);
    return Promise.all(Array.from({ length: clients }, open));
  }

  async #measure(
    pool: readonly LoadClient[],
    each: number,
    run: (client: LoadClient, index: number) => Promise<void>,
  ): Promise<number> {
    const usedBefore = this.#contestant.readProcessorSeconds();
    const requestsBefore = countRequests(pool);
    const startedAt = performance.now();
    await Promise.all(pool.map(run));
    const seconds = (performance.now() - startedAt) / 1000;
    const orders = clients * each;
    this.#costs.push(((this.#contestant.readProcessorSeconds() - usedBefore) * 1000) / orders);
    this.#requests += countRequests(pool) - requestsBefore;
    this.#orders += orders;
    for (const client of pool) client.close();
    return orders / seconds;
  }
}

function countRequests(pool: readonly LoadClient[]): number {
  return pool.reduce((sum, { requests }) => sum + requests, 0);
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
