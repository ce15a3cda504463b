/** Kills a server that puts frames into its logs, again and again at random moments: what was acknowledged must be there, once. */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Frame, isHeadStatement, parseFrame } from '@signpost/protocol/frames/frame';
import { openApiKey } from '../programs/authority.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { CallError, createOperator, type Operator, signIn } from '../programs/operator.ts';
import { createSigningKey, pinRoot } from '../programs/publisher.ts';
import { type Installation, install, startServer } from '../programs/server.ts';
import { openSessionPublisher } from './session-publisher.ts';
import { strike } from './strike.ts';

/** How a run went. */
export interface PushReport {
  readonly findings: readonly string[];
  /** Publications and revoked keys that the server acknowledged. */
  readonly acknowledged: number;
  /** How many of the publications it answered over a WebSocket, by a frame of the session key. */
  readonly answered: number;
  /** Frames in the logs at the end. */
  readonly frames: number;
}

const clients = 4;
const patienceMs = 60_000;
const channel = 'app.crash';

interface Siege {
  readonly installation: Installation;
  readonly headers: Operator['headers'];
  /** The sequences that were answered, by idempotency key; undefined: sent, and no answer came. */
  readonly published: Map<string, number | undefined>;
  /** The idempotency keys of those that were answered over a WebSocket. */
  readonly answered: Set<string>;
  /** Keys whose revocation was answered. */
  readonly revoked: Set<string>;
  readonly findings: string[];
}

/** Kills a server `kills` times while clients publish and revoke keys, then judges the logs. */
export async function killWhileTelling(kills: number, report: (line: string) => void): Promise<PushReport> {
  const installation = await install();
  try {
    const siege = await prepare(installation);
    for (let kill = 1; kill <= kills; kill += 1) {
      await killOnce(siege);
      report(`${kill} of ${kills} kills, ${siege.published.size} publications, ${siege.revoked.size} keys revoked`);
    }
    const frames = await judge(siege);
    const acknowledged = countAnswered(siege.published) + siege.revoked.size;
    return { findings: siege.findings, acknowledged, answered: siege.answered.size, frames };
  } finally {
    await installation.remove();
  }
}

async function prepare(installation: Installation): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const headers = await openApiKey(operator, ['read', 'manage', 'admin']);
  // Its list vouches for the push key, too.
  await pinRoot(operator, await OfflineRoot.create());
  await operator.call('POST', '/api/push/channels', { name: channel, visibility: 'public' });
  await server.stop();
  return { installation, headers, published: new Map(), answered: new Set(), revoked: new Set(), findings: [] };
}

async function killOnce(siege: Siege): Promise<void> {
  const { published, answered, revoked, findings } = siege;
  const before = [countAnswered(published), answered.size] as const;
  await strike(siege, {
    begin: (operator) => [
      ...Array.from({ length: clients }, () => repeatUntilGone(findings, () => publish(operator, published))),
      repeatUntilGone(findings, () => revokeKey(operator, revoked)),
      publishBySession(operator, siege),
    ],
    // What comes by frames is counted among the published.
    isAnswered: () => answered.size > before[1] && countAnswered(published) - answered.size > before[0] - before[1],
  });
}

function countAnswered(published: Siege['published']): number {
  return [...published.values()].filter((sequence) => sequence !== undefined).length;
}

async function repeatUntilGone(findings: string[], work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CallError)) return;
      if (error.status < 500) findings.push(error.message);
      await delay(20);
    }
  }
}

async function publish(operator: Operator, published: Siege['published']): Promise<void> {
  const key = nameNext(published);
  published.set(key, undefined);
  published.set(key, (await publishOnce(operator, key)).sequence);
}

/** Over one WebSocket until it is gone; ten at once are what the server does without a pause. */
async function publishBySession(operator: Operator, { published, answered, findings }: Siege): Promise<void> {
  try {
    const session = await openSessionPublisher(operator, channel);
    for (;;) {
      const key = nameNext(published);
      published.set(key, undefined);
      const data = { channel, type: 'app.told', data: { key }, idempotency_key: key };
      published.set(key, await session.publish(data));
      answered.add(key);
    }
  } catch (error) {
    // 1006 is a connection that was cut, as by a kill (RFC 6455, 7.1.5); any other end is one that the server chose.
    const isChosen = error instanceof Error && /closed with code (?!1006)/.test(error.message);
    if (error instanceof CallError || isChosen) findings.push(error.message);
  }
}

function nameNext(published: Siege['published']): string {
  return `k${published.size}-${randomInt(1_000_000_000)}`;
}

async function publishOnce(operator: Operator, key: string): Promise<{ sequence: number }> {
  const headers = { ...operator.headers, 'idempotency-key': key };
  const body = { type: 'app.told', data: { key } };
  return createOperator(operator.base, headers).call('POST', `/api/push/channels/${channel}/frames`, body);
}

async function revokeKey(operator: Operator, revoked: Set<string>): Promise<void> {
  const { key_id: keyId } = await createSigningKey(operator);
  await operator.call('POST', `/api/signing-keys/${keyId}/revoke`);
  revoked.add(keyId);
}

/** Publishes again what nobody knows the end of, then reads the logs from their beginning. */
async function judge({ installation, headers, published, revoked, findings }: Siege): Promise<number> {
  const server = await startServer(installation);
  const operator = createOperator(server.base, headers);
  for (const [key, sequence] of published) {
    if (sequence === undefined) published.set(key, (await publishOnce(operator, key)).sequence);
  }
  const told = await readLog(operator, channel);
  findings.push(...findHoles(channel, told));
  for (const [key, sequence] of published) {
    const frames = told.filter(({ payload }) => payload.data?.key === key);
    if (frames.length !== 1) findings.push(`${key} stands in ${frames.length} frames`);
    else if (frames[0]?.payload.sequence !== sequence) findings.push(`${key} was answered as ${sequence}`);
  }
  const trust = await readUntil(operator, [...revoked]);
  findings.push(...findHoles('trust', trust));
  for (const keyId of revoked) {
    const count = trust.filter(({ payload }) => payload.data?.key_id === keyId).length;
    if (count !== 1) findings.push(`the end of the key ${keyId} stands in ${count} frames`);
  }
  await server.stop();
  return told.length + trust.length;
}

/** Events are told a moment after they were acknowledged. */
async function readUntil(operator: Operator, keyIds: readonly string[]): Promise<Frame[]> {
  for (let waited = 0; ; waited += 100) {
    const frames = await readLog(operator, 'trust');
    const told = new Set(frames.map(({ payload }) => payload.data?.key_id));
    if (waited >= patienceMs || keyIds.every((keyId) => told.has(keyId))) return frames;
    await delay(100);
  }
}

async function readLog(operator: Operator, name: string): Promise<Frame[]> {
  const { channels } = await operator.call('GET', '/api/push/channels');
  const { epoch } = channels.find((entry: { name: string }) => entry.name === name);
  const frames: Frame[] = [];
  for (let since = `${epoch}:${name}.0`; ; ) {
    const page = await operator.call('GET', `/api/push/frames?channels=${name}&since=${since}`);
    const read: Frame[] = page.frames.map((frame: unknown) => parseFrame(JSON.stringify(frame)));
    frames.push(...read.filter(({ payload }) => !isHeadStatement(payload)));
    since = page.cursor;
    if (page.more !== true) return frames;
  }
}

function findHoles(name: string, frames: readonly Frame[]): string[] {
  const holes = frames.filter(({ payload }, index) => payload.sequence !== index + 1);
  return holes.slice(0, 5).map(({ payload }) => `${name} has a hole before ${payload.sequence}`);
}
