/** Statements by which a known signer vouches for another one, as people hand them in (docs/protocol/vouch.md). */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { EvidenceSources } from '../../evidence/sources.ts';
import { createId } from '../../storage/ids.ts';
import { insertAnnouncement } from '../announcements/store.ts';
import { nameSigner } from '../drift/signers.ts';
import type { VouchFact } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { readBaseline } from '../learning/baseline.ts';
import type { AnnouncementRow } from '../learning/store.ts';
import { isAccepted } from '../learning/vouch.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { observeBundles } from '../readers/facts/observe-bundles.ts';
import { readSource } from '../sources/source.ts';
import { listLines, type SourceRow } from '../sources/store.ts';

/** What it works with. */
export interface VouchParts extends WatchParts {
  readonly evidence: Pick<EvidenceSources, 'readTrustedRoots' | 'builders'>;
}

/** A statement in a Sigstore bundle. */
export interface HandedIn {
  readonly sourceId: string;
  readonly bundle: Uint8Array<ArrayBuffer>;
}

/**
 * Keeps a statement until its window ends. Whether it counts is judged when the signer arrives, by who is accepted then. Throws `not_found`,
 * `invalid` for what is no verified statement (`watch-vouch`), of another source, or over, `conflict` when nobody accepted made it (`watch-voucher`), and
 * `forbidden` where two people accept signers.
 */
export async function handInVouch(
  { database, now, evidence }: VouchParts,
  caller: Caller,
  { sourceId, bundle }: HandedIn,
): Promise<AnnouncementRow> {
  const fact = await verifyVouch(evidence, caller, { bundle, now: now() });
  return database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, sourceId);
    await assertUsable(tx, caller, { source, fact, at });
    const { by, vouch } = fact;
    const reason = `a statement of ${nameSigner({ ...unnamed, ...by })}`;
    const row: AnnouncementRow = {
      ...{ id: createId(at), source_id: sourceId, signers: encodePlain({ identities: [], keys: [], vouch: fact }) },
      ...{ valid_from: vouch.from, valid_to: vouch.to, reason },
      ...{ actor: JSON.stringify(caller.actor), created_at: at, ended_at: null },
    };
    await insertAnnouncement(tx, row);
    const detail = { source: source.key, reason, until: new Date(vouch.to).toISOString() };
    const object = { kind: 'watch_announcement', id: row.id };
    await recordAudit(tx, at, { ...caller, action: 'watch_announcement.added', object, detail });
    return row;
  });
}

const unnamed = { kind: 'key', format: 'bundle', outcome: 'verified', transparency: 'none' } as const;

async function verifyVouch(
  { readTrustedRoots, builders }: VouchParts['evidence'],
  { organisationId }: Caller,
  { bundle, now }: { readonly bundle: Uint8Array<ArrayBuffer>; readonly now: number },
): Promise<VouchFact> {
  const trustedRoots = (await readTrustedRoots(organisationId)).map(({ root }) => root);
  // It is about a signer: no artifact has this digest.
  const context = { content: '0'.repeat(64), trustedRoots, builders, now };
  const { vouches, signatures } = await observeBundles(
    [{ kind: 'bundle', format: 'detached', bytes: bundle }],
    context,
  );
  const [fact] = vouches ?? [];
  if (fact) return fact;
  const why = signatures[0]?.reason ?? 'it is another statement';
  throw new Refusal('invalid', `expected a verified statement by which a signer vouches for another one: ${why}`, {
    rule: 'watch-vouch',
  });
}

interface Usable {
  readonly source: SourceRow;
  readonly fact: VouchFact;
  readonly at: number;
}

async function assertUsable(tx: Tx, { organisationId }: Caller, { source, fact, at }: Usable): Promise<void> {
  const { by, vouch } = fact;
  if (vouch.source !== source.key || vouch.to <= at) {
    throw new Refusal('invalid', 'expected a statement about this source whose time is not over', {
      rule: 'watch-vouch',
    });
  }
  const lines = await listLines(tx, source.id);
  const baselines = await Promise.all(lines.map(({ number }) => readBaseline(tx, number)));
  if (!baselines.some((stored) => stored && isAccepted(stored.revision, by))) {
    throw new Refusal('conflict', 'nobody who is accepted made the statement', { rule: 'watch-voucher' });
  }
  if (await needsTwoFor(tx, organisationId, source.key)) {
    throw new Refusal('forbidden', 'expected a source for whose signers one person may speak', {
      rule: 'watch-two-people',
      hint: 'have two people accept the finding when the signer arrives',
    });
  }
}
