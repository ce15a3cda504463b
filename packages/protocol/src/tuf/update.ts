/** What all steps of one update share (TUF 1.0.34, 5). */
import { TrustError } from '../errors.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Repository } from './repository.ts';
import { type Signers, verifyThreshold } from './role.ts';
import type { Root } from './root.ts';
import { type Format, type Payload, parseSignedFile } from './signed-file.ts';

/** One update. */
export interface Update {
  readonly repository: Repository;
  readonly store: MetadataStore;
  /** Unix milliseconds, fixed when the update begins (5.1). */
  readonly startedAt: number;
}

/** Who signs a file, how it is read, and how large it may be. */
export interface FileRules<T extends Payload> {
  readonly format: Format<T>;
  readonly signers: Signers;
  readonly limitBytes: number;
}

/** The payload of `bytes`, parsed and signed by enough keys. Throws what both steps throw. */
export async function verifyFile<T extends Payload>(
  bytes: Uint8Array,
  { format, signers, limitBytes }: FileRules<T>,
): Promise<T> {
  return verifyThreshold(parseSignedFile(bytes, format, limitBytes), signers);
}

/**
 * What was kept for a role, if those who sign for it now have signed it. What their predecessors signed is as good as none; what was
 * kept counts for nothing, too, when it cannot be read, so that no client is stuck with it (5).
 */
export async function readKept<T extends Payload>(
  { store }: Update,
  rules: FileRules<T>,
): Promise<{ readonly payload: T; readonly bytes: Uint8Array<ArrayBuffer> } | undefined> {
  const bytes = await store.read(rules.signers.name);
  if (!bytes) return undefined;
  try {
    return { payload: await verifyFile(bytes, rules), bytes };
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

/** Throws `metadata_expired` unless `payload` is valid at the start of the update. */
export function assertFresh({ startedAt }: Update, { expires }: Payload, name: string): void {
  if (expires > startedAt) return;
  throw new TrustError(
    'metadata_expired',
    `expected ${name} to be current, got one that expired ${formatTime(expires)}`,
  );
}

function formatTime(time: number): string {
  return new Date(time).toISOString();
}

/** With consistent snapshots files are fetched by their version (6.2). */
export function selectVersion({ consistentSnapshot }: Root, version: number): number | undefined {
  return consistentSnapshot ? version : undefined;
}
