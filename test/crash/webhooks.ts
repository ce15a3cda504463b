/** Kills a server that posts to a webhook, again and again at random moments: what somebody was told has happened must arrive. */
import { createHmac, randomInt } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { openApiKey } from '../programs/authority.ts';
import { createOperator, type Operator, signIn } from '../programs/operator.ts';
import { createSigningKey } from '../programs/publisher.ts';
import { type Installation, install, startServer } from '../programs/server.ts';
import { strike } from './strike.ts';

/** How a run went. */
export interface WebhookReport {
  readonly findings: readonly string[];
  /** Events that the server acknowledged, messages that arrived, and how many of them not for the first time. */
  readonly acknowledged: number;
  readonly arrived: number;
  readonly repeated: number;
}

const clients = 4;
const patienceMs = 120_000;

interface Siege {
  readonly installation: Installation;
  readonly headers: Operator['headers'];
  readonly webhook: { readonly id: string; readonly secret: string };
  /** Keys whose revocation was answered. */
  readonly acknowledged: Set<string>;
  readonly receiver: Receiver;
}

/** Kills a server `kills` times while clients cause events; what was acknowledged must have arrived in the end. */
export async function killWhilePosting(kills: number, report: (line: string) => void): Promise<WebhookReport> {
  const installation = await install({ SIGNPOST_WEBHOOK_ADDRESSES: 'any' });
  const receiver = await openReceiver();
  try {
    const siege = await prepare(installation, receiver);
    const findings: string[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      findings.push(...(await killOnce(siege)));
      report(`${kill} of ${kills} kills, ${siege.acknowledged.size} events, ${receiver.bodies.size} messages`);
    }
    findings.push(...(await judge(siege)), ...receiver.findings);
    const { bodies, repeated } = receiver;
    return { findings, acknowledged: siege.acknowledged.size, arrived: bodies.size, repeated: repeated() };
  } finally {
    receiver.close();
    await installation.remove();
  }
}

async function prepare(installation: Installation, receiver: Receiver): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const headers = await openApiKey(operator, ['read', 'manage', 'admin']);
  const wish = { url: receiver.url, types: ['key.revoked'] };
  const webhook = await operator.call('POST', '/api/webhooks', wish);
  receiver.trust(webhook.secret);
  await server.stop();
  return { installation, headers, webhook, acknowledged: new Set(), receiver };
}

async function killOnce(siege: Siege): Promise<readonly string[]> {
  const { acknowledged } = siege;
  const findings: string[] = [];
  const before = acknowledged.size;
  await strike(siege, {
    begin: (operator) => Array.from({ length: clients }, () => revokeKeys(operator, { acknowledged, findings })),
    isAnswered: () => acknowledged.size > before,
  });
  return findings;
}

/** Makes and revokes keys until nobody answers. */
async function revokeKeys(
  operator: Operator,
  { acknowledged, findings }: { readonly acknowledged: Set<string>; readonly findings: string[] },
): Promise<void> {
  for (;;) {
    try {
      const { key_id } = await createSigningKey(operator);
      await operator.call('POST', `/api/signing-keys/${key_id}/revoke`, { reason: 'a test' });
      acknowledged.add(key_id);
    } catch (error) {
      // A connection that breaks has no status; an answer that says no would be a fault.
      if (error instanceof Error && 'status' in error) findings.push(error.message);
      return;
    }
  }
}

/** Once nothing waits any more, everything acknowledged has arrived, and what the server calls delivered as well. */
async function judge({ installation, headers, webhook, acknowledged, receiver }: Siege): Promise<readonly string[]> {
  const server = await startServer(installation);
  const operator = createOperator(server.base, headers);
  const missing = () => [...acknowledged].filter((keyId) => !receiver.keys.has(keyId));
  const waiting = async () => (await listDeliveries(operator, webhook.id, 'waiting')).length;
  for (let waited = 0; waited < patienceMs && (missing().length > 0 || (await waiting()) > 0); waited += 100) {
    await delay(100);
  }
  const findings = missing().map((keyId) => `the revocation of ${keyId} was acknowledged, and never posted`);
  for (const state of ['waiting', 'dead']) {
    const left = (await listDeliveries(operator, webhook.id, state)).length;
    if (left > 0) findings.push(`${left} deliveries are ${state}`);
  }
  for (const { event_id } of await listDeliveries(operator, webhook.id, 'delivered')) {
    if (!receiver.bodies.has(event_id)) findings.push(`${event_id} counts as delivered, and never arrived`);
  }
  await operator.call('GET', '/api/audit/verify');
  await server.stop();
  return findings;
}

async function listDeliveries(
  operator: Operator,
  id: string,
  state: string,
): Promise<{ id: string; event_id: string }[]> {
  const all: { id: string; event_id: string }[] = [];
  for (let before = ''; ; ) {
    const query = `state=${state}&limit=100${before === '' ? '' : `&before=${before}`}`;
    const { deliveries } = await operator.call('GET', `/api/webhooks/${id}/deliveries?${query}`);
    all.push(...deliveries);
    if (deliveries.length < 100) return all;
    before = deliveries.at(-1).id;
  }
}

interface Receiver {
  readonly url: string;
  /** What came, by its id. */
  readonly bodies: Map<string, string>;
  /** The keys that it told of. */
  readonly keys: Set<string>;
  readonly findings: string[];
  repeated(): number;
  /** Messages must be signed by this secret. */
  trust(secret: string): void;
  close(): void;
}

/** Takes its time, so that kills strike before and after its answer. */
async function openReceiver(): Promise<Receiver> {
  let secret = Buffer.alloc(0);
  let repeated = 0;
  const [bodies, keys, findings] = [new Map<string, string>(), new Set<string>(), [] as string[]];
  const take = async (request: IncomingMessage) => {
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    const { 'webhook-id': id = '', 'webhook-timestamp': time, 'webhook-signature': given } = request.headers;
    const wanted = createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64');
    if (given !== `v1,${wanted}`) findings.push(`${id} came with a wrong signature`);
    const before = bodies.get(String(id));
    if (before !== undefined) repeated += 1;
    if (before !== undefined && before !== body) findings.push(`${id} came with two bodies`);
    bodies.set(String(id), body);
    keys.add(JSON.parse(body).data.key_id);
    await delay(randomInt(30));
  };
  const server = createServer((request, response) => void take(request).then(() => response.writeHead(204).end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ bodies, keys, findings, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` },
    repeated: () => repeated,
    trust: (shown) => {
      secret = Buffer.from(shown.slice('whsec_'.length), 'base64');
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
