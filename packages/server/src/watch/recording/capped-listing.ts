/** A source that has more names than are read is told: nobody looks at what is left out. */
import { recordAudits } from '../../audit/store.ts';
import { describeFinding, fingerprintOf, raiseFindings } from '../findings/raise.ts';
import { resolveFinding } from '../findings/resolve.ts';
import { findByFingerprint } from '../findings/store.ts';
import type { WatchParts } from '../parts.ts';
import { readSource } from '../sources/source.ts';

/** Which source was listed, and whether all of it. */
interface NotedListing {
  readonly organisationId: string;
  readonly sourceId: string;
  readonly key: string;
  readonly isCapped: boolean;
}

/** Records whether a listing was whole; nothing where that is as before. Throws `not_found` for a source that is not watched. */
export async function recordListing({ database, now }: WatchParts, listing: NotedListing): Promise<void> {
  const { organisationId, sourceId, isCapped } = listing;
  const subject = `the names of ${listing.key}`;
  const fingerprint = fingerprintOf('baseline.quota', subject);
  const known = await findByFingerprint(database.query, { organisationId, fingerprint });
  if (!known && !isCapped) return;
  await database.transaction(async (tx) => {
    const place = { organisationId, source: await readSource(tx, organisationId, sourceId), at: now() };
    const sentence = `${listing.key} has more names than are read`;
    const findings = [describeFinding('baseline.quota', { subject, sentence })];
    const entries = isCapped
      ? await raiseFindings(tx, place, { findings, excused: [] })
      : await resolveFinding(tx, place, fingerprint);
    if (entries.length > 0) await recordAudits(tx, place.at, entries);
  });
}
