/** Waiting until something answers. */
import { setTimeout as delay } from 'node:timers/promises';

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
