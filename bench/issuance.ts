/** Certificates over HTTP, each durable with its audit row before it is answered; clients on the same two cores. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createIssuing, createRequest, openApiKey } from '../test/programs/authority.ts';
import { type Operator, signIn } from '../test/programs/operator.ts';
import { install, startServer } from '../test/programs/server.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';

const runFile = promisify(execFile);
const rounds = 5;
const seconds = 4;
/** Until the server's code is compiled as well as it will be. */
const warmUpSeconds = 10;
/** As many as share one commit at most. */
const connections = 128;
const requests = 64;

/** What CFSSL reaches on such a machine, without a database (research/pki.md, 2.3). */
const bars = { 'ecdsa-p256': 3300, 'rsa-2048': 1250 } as const;

/** Measures certificates a second, for an issuer of each key type. */
export async function measureIssuance(): Promise<readonly Measurement[]> {
  const installation = await install();
  try {
    const server = await startServer(installation);
    try {
      const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
      const { authorization = '' } = await openApiKey(operator, ['manage']);
      const pool = await Promise.all(Array.from({ length: requests }, (_, at) => createRequest(`host-${at}.example`)));
      const results: Measurement[] = [];
      for (const keyType of Object.keys(bars) as (keyof typeof bars)[]) {
        await createIssuing(operator, { name: keyType, keyType });
        const script = join(installation.folder, `${keyType}.lua`);
        await writeFile(script, writeScript(keyType, authorization, pool));
        const body = JSON.stringify({ authority: keyType, profile: 'server', request: pool[0] });
        const answer = await askOnce(`${server.base}/api/certificates`, { authorization, body });
        const bare = await measureBare(script, answer);
        results.push(await measureIssuer(keyType, { script, url: server.base, bare }));
        await assertListed(operator, keyType);
      }
      return results;
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
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
    await runWrk(script, { url, seconds });
    return await runWrk(script, { url, seconds });
  } finally {
    child.disconnect();
  }
}

async function measureIssuer(
  keyType: keyof typeof bars,
  { script, url, bare }: { readonly script: string; readonly url: string; readonly bare: number },
): Promise<Measurement> {
  const rates: number[] = [];
  await runWrk(script, { url, seconds: warmUpSeconds });
  for (let round = 0; round < rounds; round += 1) rates.push(await runWrk(script, { url, seconds }));
  return {
    name: `issuance over HTTP, ${keyType} issuer`,
    measured: quantile(rates, 0.5),
    bar: { kind: 'at least', value: bars[keyType], unit: ' a second' },
    detail: `${connections} connections, ${formatAmount(Math.min(...rates))} to ${formatAmount(Math.max(...rates))}; bare node:http ${formatAmount(bare)}`,
  };
}

/** wrk counts answers alone: the newest certificates must be there, with numbers of their own. */
async function assertListed(operator: Operator, authority: string): Promise<void> {
  const { certificates } = await operator.call('GET', `/api/certificates?authority=${authority}&limit=100`);
  const serials = new Set(certificates.map(({ serial }: { serial: string }) => serial));
  if (serials.size !== 100) throw new Error(`expected 100 certificates of ${authority}, got ${serials.size}`);
}

async function runWrk(
  script: string,
  { url, seconds }: { readonly url: string; readonly seconds: number },
): Promise<number> {
  const { stdout } = await runFile('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '20s',
    '-s',
    script,
    url,
  ]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`expected only certificates, got:\n${stdout}`);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`expected a rate from wrk, got:\n${stdout}`);
  return Number(rate);
}

/** Sends the requests of the pool in turn. */
function writeScript(authority: string, authorization: string, pool: readonly string[]): string {
  const bodies = pool.map((request) => JSON.stringify({ authority, profile: 'server', request }));
  const list = bodies.map((body) => `[==[${body}]==]`).join(',\n');
  return `
local headers = { ["content-type"] = "application/json", ["authorization"] = "${authorization}" }
local bodies = {${list}}
local requests = {}
local at = 0
function init()
  for index, body in ipairs(bodies) do requests[index] = wrk.format("POST", "/api/certificates", headers, body) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`;
}
