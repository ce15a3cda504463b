/** The servers of the ACME benchmark, all over HTTPS with the same certificate, validating against the same hosts. */

import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:https';
import { join } from 'node:path';
import { chooseFreePort } from '../../packages/protocol/test/free-port.ts';
import { type PebbleManner, type PebbleSurroundings, spawnPebble } from '../../test/peers/acme/pebble.ts';
import { startCommand } from '../../test/programs/command.ts';
import { createOperator } from '../../test/programs/operator.ts';
import { readProcessorSeconds } from '../../test/programs/process-usage.ts';
import { type Installation, install, startServer } from '../../test/programs/server.ts';
import { stopChild } from '../stop-child.ts';

/** A running server. */
export interface Contestant {
  readonly directoryUrl: string;
  /** Seconds of processor time that its process has used. */
  readProcessorSeconds(): number;
  stop(): Promise<void>;
}

/** What they are started with. */
export type Surroundings = PebbleSurroundings;

/**
 * Ours, with SQLite on the disk: what it answers is durable, with an audit row and an event for each certificate. The authority's
 * key is RSA of 2048 bits, as Pebble's is.
 */
export async function startOurs({ httpPort, nameServer, certFile, keyFile }: Surroundings): Promise<Contestant> {
  const port = await chooseFreePort();
  const base = `https://localhost:${port}`;
  const installation = await install({ SIGNPOST_DNS_SERVERS: nameServer, SIGNPOST_ACME_PER_MINUTE: '0' });
  // In the clear, since this process trusts no authority of its own making.
  const first = await startServer(installation);
  await addDirectory(first.base, installation, httpPort);
  await first.stop();
  const child = startCommand(['serve'], {
    ...installation.variables,
    SIGNPOST_LISTEN: `127.0.0.1:${port}`,
    SIGNPOST_BASE_URL: base,
    SIGNPOST_TLS_CERT: certFile,
    SIGNPOST_TLS_KEY: keyFile,
  });
  await waitForHttps(`${base}/healthz`, child);
  return {
    directoryUrl: `${base}/acme/bench/directory`,
    readProcessorSeconds: () => readProcessorSeconds(Number(child.pid)),
    stop: async () => {
      await stopChild(child);
      await installation.remove();
    },
  };
}

async function addDirectory(base: string, { apiKey }: Pick<Installation, 'apiKey'>, httpPort: number): Promise<void> {
  const operator = createOperator(base, { authorization: `Bearer ${apiKey}` });
  const passphrase = 'five quite random words here';
  await operator.call('POST', '/api/authorities', { kind: 'root', name: 'root', subject: { CN: 'Root' }, passphrase });
  const issuing = {
    kind: 'intermediate',
    name: 'issuing',
    subject: { CN: 'Issuing' },
    parent: 'root',
    key_type: 'rsa-2048',
    passphrase,
  };
  await operator.call('POST', '/api/authorities', issuing);
  const limits = { accounts: 0, orders: 0, failures: 0 };
  const rules = { name: 'bench', authority: 'issuing', addresses: 'any', http_port: httpPort, limits };
  await operator.call('POST', '/api/acme/directories', rules);
}

/** Debian's Pebble: everything is in memory and nothing durable, and nothing is audited. */
export async function startPebble(surroundings: Surroundings, manner: PebbleManner): Promise<Contestant> {
  const { child, directoryUrl } = await spawnPebble(surroundings, manner);
  return waitForChild(child, directoryUrl);
}

/** A server that only verifies signatures: as fast as any could be on this runtime. */
export async function startBare({ certFile, keyFile }: Surroundings): Promise<Contestant> {
  const port = await chooseFreePort();
  const script = join(import.meta.dirname, 'bare-server.ts');
  const child = spawn(process.execPath, [script, String(port), certFile, keyFile], { stdio: 'ignore' });
  return waitForChild(child, `https://localhost:${port}/directory`);
}

async function waitForChild(child: ChildProcess, directoryUrl: string): Promise<Contestant> {
  await waitForHttps(directoryUrl, child);
  return {
    directoryUrl,
    readProcessorSeconds: () => readProcessorSeconds(Number(child.pid)),
    stop: () => stopChild(child),
  };
}

async function waitForHttps(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    if (await answers(url)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`expected an answer from ${url}`);
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on('error', () => resolve(false));
  });
}
