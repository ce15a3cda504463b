/** Waiting for what a test has set off elsewhere: in another process, or behind the back of whoever asks. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Far beyond what a machine under load takes: only what never happens takes so long. */
const limitMs = 120_000;
const pauseMs = 10;

/** Resolves once `holds` does. After two minutes it throws that `expected` has not come: `nginx to answer`. */
export async function waitUntil(expected: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !(await holds()); await sleep(pauseMs)) {
    if (performance.now() - start > limitMs) throw new Error(`expected ${expected} within ${limitMs / 1000} s`);
  }
}
