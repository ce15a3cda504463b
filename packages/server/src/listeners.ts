/** The sockets of the server: one for everything, with TLS where there is a certificate, and one in the clear beside it. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { type HttpServer, openHttpServer } from './http/server.ts';
import { createFileSource, type KeyPair, type KeyPairSource } from './http/tls/key-pair.ts';
import { createAuthoritySource } from './pki/access/server-certificate.ts';
import type { WeakKeys } from './pki/profiles/weak-keys.ts';
import type { Reign } from './reign.ts';

/** What the listeners are made of. */
export interface ListenerParts {
  readonly reign: Pick<Reign, 'front' | 'current'>;
  readonly config: Pick<
    Config,
    'dataDir' | 'baseUrl' | 'pkiUrl' | 'listen' | 'tls' | 'plainListen' | 'clientCertificates'
  >;
  readonly now: () => number;
  readonly log: Logger;
  readonly weakKeys: WeakKeys;
}

/** Both sockets. */
export interface Listeners {
  /** Of the one for everything. */
  readonly url: string;
  /** Of the one in the clear, if there is one beside TLS. */
  readonly plainUrl: string | undefined;
  stop(): Promise<void>;
}

/** Opens them. Rejects when an address is taken or there is no sound certificate, and leaves nothing open then. */
export async function openListeners(parts: ListenerParts): Promise<Listeners> {
  const { config, log } = parts;
  const { front } = parts.reign;
  const requestClientCertificates = config.clientCertificates === 'request';
  const source = createSource(parts);
  const tls = source && { source, requestClientCertificates, log };
  const main = await openHttpServer(front.partsOf({ listen: config.listen, tls }));
  const plain = await openPlainListener(parts).catch(async (error: unknown) => {
    await main.stop();
    throw error;
  });
  return {
    url: main.url,
    plainUrl: plain?.url,
    stop: async () => {
      await Promise.all([main.stop(), plain?.stop()]);
    },
  };
}

async function openPlainListener({ reign, config }: ListenerParts): Promise<HttpServer | undefined> {
  if (!config.tls || !config.plainListen) return undefined;
  return openHttpServer(reign.front.partsOf({ listen: config.plainListen, plainPathsOnly: true }));
}

function createSource(parts: ListenerParts): KeyPairSource | undefined {
  const { tls } = parts.config;
  switch (tls?.kind) {
    case undefined:
      return undefined;
    case 'files':
      return createFileSource(tls);
    case 'authority':
      return { read: () => readFromAuthority(parts, tls.authority) };
  }
}

/** Asked of the database in force, which a restore exchanges. */
function readFromAuthority({ reign, config, log, now, weakKeys }: ListenerParts, authority: string): Promise<KeyPair> {
  const { database, vault } = reign.current;
  const folder = join(config.dataDir, 'tls');
  const wanted = { authority, names: listNames(config), folder };
  return createAuthoritySource({ ...{ database, vault, now, log, weakKeys, pkiUrl: config.pkiUrl }, ...wanted }).read();
}

/** The host of the base URL, and the address listened on unless it stands for all. */
function listNames({ baseUrl, listen }: ListenerParts['config']): string[] {
  const hosts = [baseUrl === undefined ? undefined : new URL(baseUrl).hostname, listen.host];
  const known = hosts.filter((host) => host !== undefined && !['0.0.0.0', '::'].includes(host));
  return [...new Set(known.map((host) => nameOf(String(host).replace(/^\[|\]$/g, ''))))];
}

function nameOf(host: string): string {
  return isIP(host) === 0 ? `dns:${host}` : `ip:${host}`;
}
