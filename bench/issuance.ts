/** Certificates over HTTP, each durable with its audit row before it is answered; clients on the same two cores. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createIssuing, createRequest, openApiKey } from '../test/programs/authority.ts';
import { signIn } from '../test/programs/operator.ts';
import { install, startServer } from '../test/programs/server.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';

const runFile = promisify(execFile);
const rounds = 5;
const seconds = 4;
const connections = 32;
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
        results.push(await measureIssuer(keyType, { script, url: server.base }));
      }
      return results;
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
}

async function measureIssuer(
  keyType: keyof typeof bars,
  { script, url }: { readonly script: string; readonly url: string },
): Promise<Measurement> {
  const rates: number[] = [];
  // The first does not count.
  for (let round = 0; round <= rounds; round += 1) rates.push(await runWrk(script, url));
  const counted = rates.slice(1);
  return {
    name: `issuance over HTTP, ${keyType} issuer`,
    measured: quantile(counted, 0.5),
    bar: { kind: 'at least', value: bars[keyType], unit: ' a second' },
    detail: `${connections} connections, ${formatAmount(Math.min(...counted))} to ${formatAmount(Math.max(...counted))}`,
  };
}

async function runWrk(script: string, url: string): Promise<number> {
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
