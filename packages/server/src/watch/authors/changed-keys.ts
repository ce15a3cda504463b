/** Authors of our own modules who sign with another key than before: what the plane of modules tells by the bus becomes a finding. */
import { recordAudits } from '../../audit/store.ts';
import type { Bus, Event } from '../../storage/bus.ts';
import { describeFinding, fingerprintOf, raiseFindings } from '../findings/raise.ts';
import { findByFingerprint } from '../findings/store.ts';
import type { WatchParts } from '../parts.ts';

const topic = 'module.author_key_changed';
const kind = 'author.key_changed';

/** Listens for authors whose keys change. */
export function subscribeAuthors(parts: WatchParts, bus: Bus): void {
  bus.subscribe(topic, (event) => tellChangedKey(parts, event));
}

/** Raises the finding of a module and its new key, at the first submission that it signs; approving it does not end the finding. An event that comes twice counts once. */
async function tellChangedKey({ database }: WatchParts, { organisationId, payload, at }: Event): Promise<void> {
  const { collection, project, version, key_id: keyId, approved } = payload;
  if (organisationId === null || typeof project !== 'string' || typeof keyId !== 'string') return;
  const subject = `${organisationId} ${project} ${keyId}`;
  await database.transaction(async (tx) => {
    const known = await findByFingerprint(tx, { organisationId, fingerprint: fingerprintOf(kind, subject) });
    if (known && known.last_seen_at >= at) return;
    const act = approved === true ? 'a manager approved' : 'somebody handed in';
    const sentence = `${act} version ${version} of ${project} (${collection}), signed by another author key than before: ${keyId}`;
    const finding = describeFinding(kind, { subject, sentence });
    const entries = await raiseFindings(tx, { organisationId, at }, { findings: [finding], excused: [] });
    if (entries.length > 0) await recordAudits(tx, at, entries);
  });
}
