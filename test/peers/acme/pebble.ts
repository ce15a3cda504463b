/** Debian's Pebble, the small ACME server of Let's Encrypt that clients are tried against. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '../../../packages/protocol/test/free-port.ts';

/** What Pebble is started with. */
export interface PebbleSurroundings {
  readonly folder: string;
  /** Where `http-01` is served. */
  readonly httpPort: number;
  /** `127.0.0.1:port` of a DNS server. */
  readonly nameServer: string;
  /** What it shows: for `localhost`. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** How Pebble treats its clients. */
export type PebbleManner =
  /** Pauses up to 15 seconds before each validation, and refuses some good nonces: made to try clients out. */
  'as shipped' | 'without its pauses';

const manners: Readonly<Record<PebbleManner, Readonly<Record<string, string>>>> = {
  'as shipped': {},
  'without its pauses': { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
};

/** Starts Pebble: everything is in memory and nothing durable, and nothing is audited. It answers a moment later. */
export async function spawnPebble(
  surroundings: PebbleSurroundings,
  manner: PebbleManner,
): Promise<{ readonly child: ChildProcess; readonly directoryUrl: string }> {
  const { folder, httpPort, nameServer, certFile: certificate, keyFile: privateKey } = surroundings;
  const port = await chooseFreePort();
  const file = join(folder, `pebble-${port}.json`);
  const listen = { listenAddress: `127.0.0.1:${port}`, managementListenAddress: '' };
  const pebble = { ...listen, certificate, privateKey, httpPort, tlsPort: 1, ocspResponderURL: '' };
  await writeFile(file, JSON.stringify({ pebble: { ...pebble, externalAccountBindingRequired: false } }));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PEBBLE_'));
  const env = { ...Object.fromEntries(inherited), ...manners[manner] };
  const child = spawn('pebble', ['-config', file, '-dnsserver', nameServer], { env, stdio: 'ignore' });
  return { child, directoryUrl: `https://localhost:${port}/dir` };
}
