/** Ports on loopback, and waiting until something answers at one. */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A port that nothing listened on a moment ago. */
export function chooseFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Resolves with the time waited in milliseconds once `url` answers anything; throws after `timeoutMs`. */
export async function waitForAnswer(url: string, timeoutMs = 120_000): Promise<number> {
  const started = performance.now();
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      await response.body?.cancel();
      return performance.now() - started;
    } catch (cause) {
      if (performance.now() - started > timeoutMs) throw new Error(`expected an answer from ${url}`, { cause });
      await delay(5);
    }
  }
}
