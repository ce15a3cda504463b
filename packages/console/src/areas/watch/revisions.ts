/** The identity timeline of a source: who came and went with each revision of a line. */

import type { Answer } from '../../api/client.ts';
import { nameSigner } from './wording.ts';

type Revision = Answer<'GET /api/watch/sources/{id}/history'>['revisions'][number];
type SignerState = 'accepted' | 'retired' | 'revoked' | 'rejected';

/** Somebody who may sign, or may not. */
interface KnownSigner {
  readonly name: string;
  readonly state: SignerState;
}

/** A revision, and what it changed about signers. */
export interface Step {
  readonly revision: Revision;
  readonly added: readonly KnownSigner[];
  readonly removed: readonly KnownSigner[];
}

/** Every revision with what it changed from the one before it on its line, the newest first. */
export function compareRevisions(revisions: readonly Revision[]): readonly Step[] {
  const inOrder = [...revisions].sort((one, other) => one.version - other.version);
  const before = new Map<string, readonly KnownSigner[]>();
  const steps = inOrder.map((revision) => {
    const [old, now] = [before.get(revision.line) ?? [], listKnown(revision.document)];
    before.set(revision.line, now);
    return { revision, added: without(now, old), removed: without(old, now) };
  });
  return steps.sort((one, other) => other.revision.created_at.localeCompare(one.revision.created_at));
}

function without(signers: readonly KnownSigner[], others: readonly KnownSigner[]): readonly KnownSigner[] {
  return signers.filter(({ name, state }) => !others.some((other) => other.name === name && other.state === state));
}

function listKnown({ identities, keys }: Revision['document']): readonly KnownSigner[] {
  return [...listOf(identities), ...listOf(keys)].flatMap((entry) =>
    isSignerState(entry.state) ? [{ name: nameSigner(entry), state: entry.state }] : [],
  );
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}

function isSignerState(state: unknown): state is SignerState {
  return state === 'accepted' || state === 'retired' || state === 'revoked' || state === 'rejected';
}
