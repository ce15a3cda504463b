/** A server with thousands of listeners for half an hour: cut off, killed, stopped, without its bus; nobody may miss a message or take one twice. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { NatsServer } from '../../packages/server/test/storage/bus/nats-server.ts';
import { openApiKey } from '../programs/authority.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { createOperator, type Operator, signIn } from '../programs/operator.ts';
import { readResidentKib } from '../programs/process-usage.ts';
import { createSigningKey, pinRoot } from '../programs/publisher.ts';
import { type Installation, install, type RunningServer, startServer } from '../programs/server.ts';
import { type MemorySample, measureRise } from './memory-slope.ts';
import type { SoakOrder, SoakReport } from './soak-orders.ts';

/** How long, how many, and how often something happens. */
export interface SoakTerms {
  readonly minutes: number;
  readonly listeners: number;
  /** Seconds between two mishaps. */
  readonly everySeconds: number;
}

/** How a soak went. */
export interface SoakResult extends SoakReport {
  readonly messages: number;
  readonly mishaps: Readonly<Record<string, number>>;
  /** MiB of the server each time that it was up, and how much of that came in the second half, where that can be said. */
  readonly memory: readonly { readonly upSeconds: number; readonly late: number; readonly rise: number | undefined }[];
}

/** What happens. */
type Mishap =
  | 'a tenth of the listeners cut off'
  | 'all listeners cut off'
  | 'the bus killed'
  | 'the server killed'
  | 'the server stopped';

/** Of twenty mishaps the server meets two: in between its memory can be seen to stay flat. */
const turns = 20;

function chooseMishap(turn: number): Mishap {
  if (turn % turns === 5) return 'the server stopped';
  if (turn % turns === 10) return 'the server killed';
  if (turn % 3 === 0) return 'the bus killed';
  return turn % 3 === 1 ? 'a tenth of the listeners cut off' : 'all listeners cut off';
}

const perSecond = 4;
/** Clients that verify what they hear. */
const verifiers = 20;
const patienceMs = 120_000;

class Soak {
  readonly #installation: Installation;
  readonly port: number;
  readonly #nats: NatsServer;
  readonly #listeners: ChildProcess;
  readonly #headers: Operator['headers'];
  readonly memory: { upSeconds: number; late: number; rise: number | undefined }[] = [];
  /** Where the memory did not stay flat. */
  readonly growth: string[] = [];
  #server: RunningServer;
  #startedAt = performance.now();
  #samples: MemorySample[] = [];
  messages = 0;
  isOver = false;

  constructor(parts: {
    installation: Installation;
    port: number;
    nats: NatsServer;
    server: RunningServer;
    headers: Operator['headers'];
  }) {
    this.#installation = parts.installation;
    this.port = parts.port;
    this.#nats = parts.nats;
    this.#server = parts.server;
    this.#headers = parts.headers;
    this.#listeners = fork(join(import.meta.dirname, 'soak-listeners.ts'));
  }

  tell(order: SoakOrder): void {
    this.#listeners.send(order);
  }

  async report(): Promise<SoakReport> {
    this.tell({ kind: 'report' });
    const [report] = (await once(this.#listeners, 'message')) as [SoakReport];
    return report;
  }

  /** Publishes one message after the other, each until it is acknowledged, under a key that keeps it from being told twice. */
  async publish(): Promise<void> {
    while (!this.isOver) {
      const message = this.messages + 1;
      try {
        const headers = { ...this.#headers, 'idempotency-key': `message-${message}` };
        const operator = createOperator(this.#server.base, headers);
        await operator.call('POST', '/api/push/channels/app.soak/frames', { type: 'app.soak', data: { message } });
        this.messages = message;
      } catch {
        await delay(50);
      }
      await delay(1000 / perSecond);
    }
  }

  /** Revokes keys, which other processes hear of by the bus and listeners in another channel. */
  async revokeKeys(): Promise<void> {
    while (!this.isOver) {
      try {
        const operator = createOperator(this.#server.base, this.#headers);
        const { key_id: keyId } = await createSigningKey(operator);
        await operator.call('POST', `/api/signing-keys/${keyId}/revoke`);
      } catch {
        await delay(50);
      }
      await delay(2000);
    }
  }

  readonly mishaps: Readonly<Record<Mishap, () => Promise<void>>> = {
    'a tenth of the listeners cut off': async () => this.tell({ kind: 'cut', share: 0.1 }),
    'all listeners cut off': async () => this.tell({ kind: 'cut', share: 1 }),
    'the bus killed': async () => {
      await this.#nats.kill();
      await delay(3000);
      await this.#nats.resume();
    },
    'the server killed': () => this.#restart(() => this.#server.kill()),
    'the server stopped': () => this.#restart(() => this.#server.stop()),
  };

  /** Notes what the server takes. */
  sampleMemory(): void {
    const atSeconds = (performance.now() - this.#startedAt) / 1000;
    const mebibytes = readResidentMebibytes(this.#server.process.pid ?? 0);
    if (mebibytes > 0) this.#samples.push({ atSeconds, mebibytes });
  }

  #noteMemory(): void {
    const { atSeconds = 0, mebibytes = 0 } = this.#samples.at(-1) ?? {};
    const measured = measureRise(this.#samples);
    const rise = measured && Math.round(measured.rise);
    this.memory.push({ upSeconds: Math.round(atSeconds), late: Math.round(mebibytes), rise });
    if (measured && measured.rise > measured.bound) {
      this.growth.push(`the server's memory rose by ${rise} MiB in the second half of ${Math.round(atSeconds)} s`);
    }
    this.#samples = [];
  }

  async #restart(end: () => Promise<void>): Promise<void> {
    this.#noteMemory();
    await end();
    this.#server = await startServer(this.#installation, this.port);
    this.#startedAt = performance.now();
  }

  /** Whether the bus takes events again, after a while: it is asked less and less often while it is away. */
  async isBusWell(): Promise<boolean> {
    for (let waited = 0; waited < patienceMs; waited += 500) {
      const health = (await (await fetch(`${this.#server.base}/api/health`)).json()) as { bus?: string };
      if (health.bus === 'ok') return true;
      await delay(500);
    }
    return false;
  }

  async end(): Promise<void> {
    this.#noteMemory();
    this.#listeners.disconnect();
    await this.#server.stop();
  }
}

/** Runs it, and tells `report` of what happens. */
export async function soak(terms: SoakTerms, report: (line: string) => void): Promise<SoakResult> {
  const nats = await NatsServer.start();
  const installation = await install({
    ...{ SIGNPOST_BUS: nats.url, SIGNPOST_PUSH_CONNECTIONS: '0', SIGNPOST_PUSH_CONNECTIONS_PER_ADDRESS: '0' },
  });
  try {
    const port = await chooseFreePort();
    const server = await startServer(installation, port);
    const root = await OfflineRoot.create();
    const headers = await prepare(installation, server, root);
    const running = new Soak({ installation, port, nats, server, headers });
    return await run(running, { ...terms, roots: [root.pubkeyB64] }, report);
  } finally {
    await nats.stop();
    await installation.remove();
  }
}

async function prepare(
  { admin }: Installation,
  { base }: RunningServer,
  root: OfflineRoot,
): Promise<Operator['headers']> {
  const operator = await signIn(base, admin.email, admin.password);
  await pinRoot(operator, root);
  await operator.call('POST', '/api/push/channels', { name: 'app.soak', visibility: 'public' });
  return openApiKey(operator, ['read', 'manage', 'admin']);
}

async function run(
  running: Soak,
  terms: SoakTerms & { readonly roots: readonly string[] },
  report: (line: string) => void,
): Promise<SoakResult> {
  const work = [running.publish(), running.revokeKeys()];
  const { listeners, roots } = terms;
  const everybody = listeners + verifiers;
  running.tell({ kind: 'listen', port: running.port, count: listeners, verifiers, roots });
  const until = performance.now() + terms.minutes * 60_000;
  const counts: Record<string, number> = {};
  const sampling = setInterval(() => running.sampleMemory(), 2000);
  await settle(running, everybody);
  for (let turn = 1; performance.now() < until; turn += 1) {
    await delay(terms.everySeconds * 1000);
    const name = chooseMishap(turn);
    await running.mishaps[name]();
    counts[name] = (counts[name] ?? 0) + 1;
    const { connected, lowest, findings } = await running.report();
    report(
      `${name}: ${connected} connected, ${running.messages} messages, all have ${lowest}; ${findings.length} findings`,
    );
  }
  running.isOver = true;
  await Promise.all(work);
  await settle(running, everybody);
  const findings = (await running.isBusWell()) ? [] : ['the bus does not take events again'];
  const last = await running.report();
  if (last.lowest !== running.messages) findings.push(`${running.messages} messages, and somebody has ${last.lowest}`);
  clearInterval(sampling);
  await running.end();
  const { messages, memory } = running;
  return { ...last, findings: [...last.findings, ...findings, ...running.growth], messages, memory, mishaps: counts };
}

/** Waits until everybody is connected and has everything, but not for ever. */
async function settle(running: Soak, count: number): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 500) {
    const { connected, lowest } = await running.report();
    if (connected === count && lowest >= running.messages - 2 * perSecond) {
      if (!running.isOver || lowest === running.messages) return;
    }
    await delay(500);
  }
}

function readResidentMebibytes(pid: number): number {
  try {
    return readResidentKib(pid) / 1024;
  } catch {
    // It is being started again.
    return 0;
  }
}
