/** The keys that npm registries sign with, kept for a while: they change by the year. */
import type { Ask } from '../ask.ts';
import { KeptAnswers } from '../kept-answers.ts';
import { type RegistryKey, readKeys } from './document.ts';
import { type AskedPackage, askKeys } from './registry.ts';

/** For how long keys are good, in milliseconds, and of how many registries. */
const keptKeys = { count: 64, ms: 10 * 60_000 } as const;

/** The keys of the registry of a package; none for a registry that does not sign. */
export type ReadRegistryKeys = (asked: AskedPackage) => Promise<readonly RegistryKey[] | 'unknown'>;

/** Makes what reads them. What was no answer is asked again. */
export function createRegistryKeys(ask: Ask, now: () => number): ReadRegistryKeys {
  const kept = new KeptAnswers<readonly RegistryKey[]>({ ...keptKeys, now });
  return async (asked) => {
    const known = kept.find(asked.registry);
    if (known) return known;
    const answer = await askKeys(ask, asked);
    if (answer.kind === 'unknown') return 'unknown';
    const keys = answer.status === 200 ? readKeys(answer.body) : [];
    if (!keys) return 'unknown';
    kept.keep(asked.registry, keys);
    return keys;
  };
}
