/** What is served of a manifest: only what verifies under the trust list in force at that moment (invariant 2). */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Logger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
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
    return { manifest, validUntil: earliestEnd(trust, manifest) };
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

function earliestEnd(trust: VerifiedTrustList, manifest: VerifiedManifest): number {
  const keys = trust.validKeys.filter(({ key }) => manifest.signers.includes(key.keyId));
  const ends = [trust.expiresAt, manifest.expiresAt, ...keys.map(({ notAfter }) => notAfter)];
  return Math.min(...ends.filter((end) => end !== undefined));
}
