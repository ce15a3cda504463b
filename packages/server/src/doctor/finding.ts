/** What the doctor looks at, and what it finds. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { WeakKeys } from '../pki/profiles/weak-keys.ts';
import type { Scanner } from '../releases/scanner/clamd.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/database.ts';
import type { Vault } from '../vault/vault.ts';

/** What the doctor looks at. */
export interface DoctorDependencies {
  readonly database: Database;
  readonly vault: Vault;
  readonly blobs: Blobs;
  /** Undefined when scanning is off. */
  readonly scanner: Scanner | undefined;
  readonly config: Config;
  /** Keys that are certified for nobody. */
  readonly weakKeys: WeakKeys;
  readonly now: () => number;
  readonly log: Logger;
}

/** Something to know. `error`: something does not work; `warning`: it will not, or protects less than it could. */
export interface Finding {
  readonly level: 'error' | 'warning' | 'info';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Looks at one subject, for an organisation. Throws when it cannot be examined. */
export type Examination = (
  dependencies: DoctorDependencies,
  organisationId: string,
) => readonly Finding[] | Promise<readonly Finding[]>;

/** Milliseconds of a day. */
export const dayMs: number = 86_400_000;
