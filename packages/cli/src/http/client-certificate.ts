/** Requests with a client certificate: the runtime's own `fetch` takes none, so these go over node:https. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import type { Invocation } from '../command.ts';
import { Failure } from '../terminal/failure.ts';

/** A certificate with its chain, and its private key, both PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a change by certificate is sent with: no web page can send it with a visitor's. */
export const certificateHeaders: Readonly<Record<string, string>> = { 'X-Signpost-Request': '1' };

/**
 * The certificate that the options name, or else the environment unless an API key stands there. One file may hold both. Throws
 * Failure when it cannot be read or the key is another's.
 */
export async function readClientCertificate({
  options,
  environment,
}: Invocation): Promise<ClientCertificate | undefined> {
  const named = options.text('client-cert');
  const certFile = named ?? (environment.apiKey === undefined ? environment.clientCert : undefined);
  const keyFile = options.text('client-key') ?? (named === undefined ? environment.clientKey : undefined) ?? certFile;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const pair = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new Failure('refused', `expected a certificate and its private key in PEM in ${certFile} and ${keyFile}`, {
      hint: 'give the key by --client-key; one under a passphrase is taken off it by: openssl pkey -in KEY',
      cause,
    });
  }
  return pair;
}

/** `fetch` as far as `Client` uses it, showing `pair` to servers that ask. Redirects are errors. */
export function createCertificateFetch(pair: ClientCertificate): typeof globalThis.fetch {
  const agent = new Agent({ ...pair, keepAlive: true });
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const asked = request(new URL(String(input)), {
        agent,
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(init.signal && { signal: init.signal }),
      });
      asked.once('error', (cause) => reject(new TypeError('fetch failed', { cause })));
      asked.once('response', (answer) => {
        const { location } = answer.headers;
        if (location === undefined) return resolve(respond(answer));
        answer.destroy();
        reject(new TypeError('fetch failed', { cause: new Error('expected no redirect') }));
      });
      asked.end(init.body ?? undefined);
    });
}

function respond(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  if (status !== 204 && status !== 304) {
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers });
  }
  answer.resume();
  return new Response(null, { status, headers });
}
