/** What is served of a manifest: only what verifies under the trust list in force at that moment (invariant 2). */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Logger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { findOpenLog } from '../../trust/log/store.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { encodeLogged, proveManifest } from '../lifecycle/logged.ts';
import { findCurrentManifest } from '../lifecycle/store.ts';
import { requireProject } from '../projects/project.ts';

/** What serving works with. */
export interface PublicationDependencies {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Logger;
}

/** A manifest that may be served until `validUntil` (Unix milliseconds), or until what is published changes. */
export interface ServedManifest {
  readonly manifest: VerifiedManifest;
  /** The list that it was verified under. */
  readonly trust: VerifiedTrustList;
  readonly validUntil: number;
}

/**
 * The manifest in service on a channel. Throws `not_found` when there is none, and `unavailable`, telling only the
 * operator's log why, when the one in service does not verify now.
 */
export async function readServedManifest(
  { database, now, log }: PublicationDependencies,
  organisationId: string,
  { slug, channel }: { slug: string; channel: string },
): Promise<ServedManifest> {
  const project = await requireProject(database.query, organisationId, slug);
  const row = await findCurrentManifest(database.query, project.id, channel);
  if (!row?.envelope)
    throw new Refusal('not_found', 'no signed release is active on this channel', { rule: 'no-release' });
  try {
    const trust = await readTrustInForce(database.query, organisationId);
    if (!trust) throw new TrustError('trust_missing', 'expected a trust list, got none');
    const manifest = await verifyManifest(encodeText(row.envelope), { trust, project: slug, channel, now: now() });
    return { manifest, trust, validUntil: earliestEnd(trust, manifest) };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    log.error(
      { project: slug, channel, code: error.code, reason: error.message },
      'a manifest does not verify and is not served',
    );
    throw new Refusal('unavailable', 'the manifest cannot be served at present', {
      rule: 'manifest-unverifiable',
      cause: error,
    });
  }
}

/** What goes out. */
export interface ServedText {
  readonly text: string;
  /** Of the tree that the proof leads to. */
  readonly size: number | undefined;
  /** False while a proof is still to come. */
  readonly isFinal: boolean;
}

/**
 * The served manifest as it goes out, with the proof that it is in the transparency log beside it. Without one it goes out all the same, and the
 * operator's log tells why: clients whose trust list names the log refuse it, and for the others nothing has changed.
 */
export async function encodeServed(
  { database, log }: PublicationDependencies,
  organisationId: string,
  { manifest }: ServedManifest,
): Promise<ServedText> {
  try {
    const logged = await proveManifest(database.query, organisationId, manifest);
    if (logged) return { text: encodeLogged(manifest, logged), size: logged.size, isFinal: true };
    if (!(await findOpenLog(database.query))) return { text: manifest.envelope, size: undefined, isFinal: true };
  } catch (err) {
    if (!(err instanceof Refusal && err.rule === 'log-damaged')) throw err;
    log.error({ err, project: manifest.project }, 'a manifest cannot be proven to be in the transparency log');
  }
  return { text: manifest.envelope, size: undefined, isFinal: false };
}

/** For what is shown without a release, too; a project that does not exist stays missing. */
export function missingOnly(error: unknown): undefined {
  if (error instanceof Refusal && (error.rule === 'no-release' || error.code === 'unavailable')) return undefined;
  throw error;
}

function earliestEnd(trust: VerifiedTrustList, manifest: VerifiedManifest): number {
  const keys = trust.validKeys.filter(({ key }) => manifest.signers.includes(key.keyId));
  const ends = [trust.expiresAt, manifest.expiresAt, ...keys.map(({ notAfter }) => notAfter)];
  return Math.min(...ends.filter((end) => end !== undefined));
}
