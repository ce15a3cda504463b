/** The keys that npm registries sign with, kept for a while: they change by the year. */
import type { Ask } from '../ask.ts';
import { type RegistryKey, readKeys } from './document.ts';
import { type AskedPackage, askKeys } from './registry.ts';

/** For how long keys are good, in milliseconds. */
const keptMs = 10 * 60_000;
/** Registries that are kept. */
const maxKept = 64;

/** The keys of the registry of a package; none for a registry that does not sign. */
export type ReadRegistryKeys = (asked: AskedPackage) => Promise<readonly RegistryKey[] | 'unknown'>;

/** Makes what reads them. What was no answer is asked again. */
export function createRegistryKeys(ask: Ask, now: () => number): ReadRegistryKeys {
  const kept = new Map<string, { readonly at: number; readonly keys: readonly RegistryKey[] }>();
  return async (asked) => {
    const known = kept.get(asked.registry);
    if (known && now() - known.at < keptMs) return known.keys;
    const answer = await askKeys(ask, asked);
    if (answer.kind === 'unknown') return 'unknown';
    const keys = answer.status === 200 ? readKeys(answer.body) : [];
    if (!keys) return 'unknown';
    kept.delete(asked.registry);
    kept.set(asked.registry, { at: now(), keys });
    const [oldest] = kept.keys();
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    return keys;
  };
}
