/** A running server with an authority and ACME directories, names, a web server, and programs that enrol. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { chooseFreePort } from '../../../packages/protocol/test/free-port.ts';
import { createOperator, type Operator } from '../../programs/operator.ts';
import { install, startServer } from '../../programs/server.ts';
import { openNameServer } from './name-server.ts';

const run = promisify(execFile);

/** What a test has in its hands. */
export interface ClientScene {
  readonly folder: string;
  readonly operator: Operator;
  /** Where programs serve http-01 and tls-alpn-01 by themselves. */
  readonly ports: { readonly http: number; readonly tls: number };
  /** A folder whose files every host serves as challenges, and one whose files are TXT records. */
  readonly challenges: string;
  readonly texts: string;
  /** The directory `standalone` looks at the programs' own ports, `files` at the web server. */
  directoryUrl(name: 'standalone' | 'files' | 'bound'): string;
  /** Runs a program to its end; throws with what it printed. */
  run(program: string, words: readonly string[], variables?: Readonly<Record<string, string>>): Promise<string>;
  /** The root above all certificates, PEM. */
  readRoot(): Promise<string>;
  /** Whether a PEM file's first certificate is revoked. */
  stateOf(path: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts everything. */
export async function openClientScene(): Promise<ClientScene> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-acme-'));
  const [challenges, texts] = [join(folder, 'challenges'), join(folder, 'texts')];
  await mkdir(challenges);
  await mkdir(texts);
  const names = await openNameServer(texts);
  const web = await openWeb(challenges);
  const installation = await install({ SIGNPOST_DNS_SERVERS: names.address, SIGNPOST_ACME_PER_MINUTE: '0' });
  const server = await startServer(installation);
  const operator = createOperator(server.base, { authorization: `Bearer ${installation.apiKey}` });
  const ports = { http: await chooseFreePort(), tls: await chooseFreePort() };
  await addAuthorities(operator);
  const usual = { authority: 'issuing', addresses: 'any' };
  const own = { ...usual, http_port: ports.http, tls_port: ports.tls };
  await operator.call('POST', '/api/acme/directories', { ...own, name: 'standalone' });
  await operator.call('POST', '/api/acme/directories', { ...own, name: 'bound', binding_required: true });
  await operator.call('POST', '/api/acme/directories', { ...usual, name: 'files', http_port: web.port });
  return {
    ...{ folder, operator, ports, challenges, texts },
    directoryUrl: (name) => `${server.base}/acme/${name}/directory`,
    run: (program, words, variables = {}) => runProgram(program, words, { folder, variables }),
    readRoot: async () => (await fetch(`${server.base}/pki/root/ca.pem`)).text(),
    stateOf: (path) => findState(operator, path),
    close: async () => {
      await server.stop();
      names.close();
      web.close();
      await installation.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const passphrase = 'five quite random words here';

async function addAuthorities(operator: Operator): Promise<void> {
  const root = { kind: 'root', name: 'root', subject: { CN: 'Test Root' }, passphrase };
  await operator.call('POST', '/api/authorities', root);
  const issuing = {
    kind: 'intermediate',
    name: 'issuing',
    subject: { CN: 'Test Issuing' },
    parent: 'root',
    passphrase,
  };
  await operator.call('POST', '/api/authorities', issuing);
}

async function openWeb(challenges: string): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((request, response) => {
    readFile(join(challenges, basename(request.url ?? ''))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function runProgram(
  program: string,
  words: readonly string[],
  { folder, variables }: { folder: string; variables: Readonly<Record<string, string>> },
): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8', ...variables };
  try {
    const { stdout, stderr } = await run(program, [...words], { cwd: folder, env, timeout: 240_000 });
    return `${stdout}${stderr}`;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} ${words.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

async function findState(operator: Operator, path: string): Promise<string> {
  const { stdout } = await run('openssl', ['x509', '-in', path, '-noout', '-serial']);
  const serial = stdout.trim().replace('serial=', '').toLowerCase();
  const { certificates } = await operator.call('GET', `/api/certificates?search=${serial}`);
  return certificates[0]?.state ?? 'unknown';
}

/** A file that programs call. */
export async function writeScript(path: string, lines: readonly string[]): Promise<string> {
  await writeFile(path, `#!/bin/sh\nset -eu\n${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}
