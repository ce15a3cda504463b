/** Argon2id for tests that are not about it: as cheap as it goes. */
import type { Argon2Parameters } from '../../src/vault/argon2.ts';

/** The least that Argon2id takes: what the real one costs is measured elsewhere. */
export const cheapCost: Argon2Parameters = { passes: 1, memoryKib: 64, parallelism: 1 };
