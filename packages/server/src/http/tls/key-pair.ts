/** The certificate and key that the server shows: from where they come, and how a change of them is noticed. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { Refusal } from '../../errors.ts';

/** Certificates and their private key in PEM, the server's own certificate first. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Where the pair comes from: `read` is asked again and again, and answers with the one to show from now on. */
export interface KeyPairSource {
  read(): Promise<KeyPair>;
}

/** A pair in two files, such as those that an ACME client renews. */
export function createFileSource({ certFile, keyFile }: { certFile: string; keyFile: string }): KeyPairSource {
  return {
    read: async () => ({
      cert: await readPem(certFile, 'SIGNPOST_TLS_CERT'),
      key: await readPem(keyFile, 'SIGNPOST_TLS_KEY'),
    }),
  };
}

/** Throws `unavailable` unless `cert` begins with a certificate and `key` is the private key of it. */
export function assertKeyPair({ cert, key }: KeyPair): void {
  let isPair: boolean;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw refusePair('expected a certificate and an unencrypted private key in PEM', cause);
  }
  if (!isPair) throw refusePair('expected the private key of the certificate, got another', undefined);
}

/**
 * Asks `source` every `everyMs` and hands on what is new and sound. What is neither is logged and asked for again: in the
 * middle of a renewal, one of two files is new already and the other is not. Returns the way to stop.
 */
export function followKeyPair(
  source: KeyPairSource,
  { shown, apply, log, everyMs }: { shown: KeyPair; apply: (pair: KeyPair) => void; log: Logger; everyMs: number },
): () => void {
  let current = shown;
  const timer = setInterval(() => {
    source
      .read()
      .then((pair) => {
        if (pair.cert === current.cert && pair.key === current.key) return;
        assertKeyPair(pair);
        apply(pair);
        current = pair;
        log.info('the server shows a new certificate');
      })
      .catch((err: unknown) =>
        log.warn({ err }, 'the certificate of the server could not be renewed; the old one stays'),
      );
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function readPem(path: string, variable: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Refusal('unavailable', `the file that ${variable} names cannot be read`, {
      rule: 'tls-file',
      hint: 'make it readable for the user that the server runs as',
      cause,
    });
  });
}

function refusePair(message: string, cause: unknown): Refusal {
  return new Refusal('unavailable', message, {
    rule: 'tls-key-pair',
    hint: 'SIGNPOST_TLS_CERT holds the chain, the server first; SIGNPOST_TLS_KEY its key',
    cause,
  });
}
