/** Certificates over HTTP, each durable with its audit row before it is answered, beside CFSSL; clients on the same two cores. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createIssuing, createRequest, openApiKey } from '../test/programs/authority.ts';
import { type Operator, signIn } from '../test/programs/operator.ts';
import { type Installation, install, startServer } from '../test/programs/server.ts';
import { cfsslSignPath, startCfssl } from './issuance/cfssl.ts';
import { connections, countAnswers, type Load, writeScript } from './issuance/wrk.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

const rounds = 5;
const seconds = 4;
/** Until the server's code is compiled as well as it will be. */
const warmUpSeconds = 10;
const requests = 64;

/** What CFSSL reaches on such a machine, without a database (research/pki.md, 2.3). */
const bars = { 'ecdsa-p256': 3300, 'rsa-2048': 1250 } as const;

type KeyType = keyof typeof bars;

interface Scene {
  readonly installation: Installation;
  readonly base: string;
  readonly operator: Operator;
  readonly authorization: string;
  readonly pool: readonly string[];
}

/** Measures certificates a second, for an issuer of each key type. */
export async function measureIssuance(): Promise<readonly Measurement[]> {
  const installation = await install();
  try {
    const server = await startServer(installation);
    try {
      const { base } = server;
      const operator = await signIn(base, installation.admin.email, installation.admin.password);
      const { authorization = '' } = await openApiKey(operator, ['manage']);
      const pool = await Promise.all(Array.from({ length: requests }, (_, at) => createRequest(`host-${at}.example`)));
      const scene = { installation, base, operator, authorization, pool };
      return [await measureKeyType(scene, 'ecdsa-p256'), await measureKeyType(scene, 'rsa-2048')];
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
}

async function measureKeyType(scene: Scene, keyType: KeyType): Promise<Measurement> {
  const { installation, base, operator, authorization, pool } = scene;
  await createIssuing(operator, { name: keyType, keyType });
  const path = '/api/certificates';
  const bodies = pool.map((request) => JSON.stringify({ authority: keyType, profile: 'server', request }));
  const ours = { script: join(installation.folder, `${keyType}.lua`), url: base };
  await writeScript(ours.script, { path, headers: { authorization }, bodies });
  const answer = await askOnce(`${base}${path}`, { authorization, body: bodies[0] ?? '' });
  const bare = await measureBare(ours.script, answer);
  const measurement = await measureBeside(keyType, { ours, bare, peer: await openPeer(scene, keyType) });
  await assertListed(operator, keyType);
  return measurement;
}

async function askOnce(url: string, { authorization, body }: { authorization: string; body: string }): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization };
  const response = await fetch(url, { method: 'POST', headers, body });
  if (response.status !== 201) throw new Error(`expected a certificate, got ${response.status}`);
  return response.text();
}

/** What no server of this runtime exceeds here: the same clients and bytes, and nothing between question and answer. */
async function measureBare(script: string, answer: string): Promise<number> {
  const child = fork(join(import.meta.dirname, 'bare-server.ts'));
  try {
    child.send({ body: Buffer.from(answer).toString('base64'), headers: { 'content-type': 'application/json' } });
    const [{ port }] = (await once(child, 'message')) as [AddressInfo];
    const url = `http://127.0.0.1:${port}`;
    await countAnswers({ script, url }, seconds);
    return await countAnswers({ script, url }, seconds);
  } finally {
    child.disconnect();
  }
}

interface Peer extends Load {
  stop(): Promise<void>;
}

/** CFSSL, asked to sign the same requests. */
async function openPeer({ installation, pool }: Scene, keyType: KeyType): Promise<Peer> {
  const { url, stop } = await startCfssl(installation.folder, keyType);
  const script = join(installation.folder, `cfssl-${keyType}.lua`);
  const bodies = pool.map((request) => JSON.stringify({ certificate_request: request }));
  await writeScript(script, { path: cfsslSignPath, headers: {}, bodies });
  return { script, url, stop };
}

async function measureBeside(
  keyType: KeyType,
  { ours, bare, peer }: { readonly ours: Load; readonly bare: number; readonly peer: Peer },
): Promise<Measurement> {
  const rates: number[] = [];
  const countOurs = async () => {
    const rate = await countAnswers(ours, rates.length === 0 ? warmUpSeconds : seconds);
    rates.push(rate);
    return rate;
  };
  try {
    const both = await compareInRounds({ rounds, ours: countOurs, peer: () => countAnswers(peer, seconds) });
    const [lowest, highest] = [Math.min(...rates.slice(1)), Math.max(...rates.slice(1))].map(formatAmount);
    return {
      name: `issuance over HTTP, ${keyType} issuer`,
      measured: both.ours,
      bar: { kind: 'at least', value: bars[keyType], unit: ' a second' },
      detail:
        `${both.ratio.toFixed(2)} x CFSSL, which keeps nothing and reaches ${formatAmount(both.peer)} beside; ` +
        `${connections} connections, ${lowest} to ${highest}; bare node:http ${formatAmount(bare)}`,
    };
  } finally {
    await peer.stop();
  }
}

/** wrk counts answers alone: the newest certificates must be there, with numbers of their own. */
async function assertListed(operator: Operator, authority: string): Promise<void> {
  const { certificates } = await operator.call('GET', `/api/certificates?authority=${authority}&limit=100`);
  const serials = new Set(certificates.map(({ serial }: { serial: string }) => serial));
  if (serials.size !== 100) throw new Error(`expected 100 certificates of ${authority}, got ${serials.size}`);
}
