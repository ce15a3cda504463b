/** The sockets of the server: one for everything, with TLS where there is a certificate, and one in the clear beside it. */
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Front } from './http/front.ts';
import { type HttpServer, openHttpServer } from './http/server.ts';
import { createFileSource } from './http/tls/key-pair.ts';

/** What the listeners are made of. */
export interface ListenerParts {
  readonly front: Pick<Front, 'partsOf'>;
  readonly config: Pick<Config, 'listen' | 'tls' | 'plainListen' | 'clientCertificates'>;
  readonly log: Logger;
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
  const { front, config, log } = parts;
  const requestClientCertificates = config.clientCertificates === 'request';
  const tls = config.tls && { source: createFileSource(config.tls), requestClientCertificates, log };
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

async function openPlainListener({ front, config }: ListenerParts): Promise<HttpServer | undefined> {
  if (!config.tls || !config.plainListen) return undefined;
  return openHttpServer(front.partsOf({ listen: config.plainListen, plainPathsOnly: true }));
}
