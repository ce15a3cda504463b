/** What people say of signers without a finding: these and no others, no longer, or never again. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { decide, readBaseline } from '../learning/baseline.ts';
import type { Signers } from '../learning/decision.ts';
import { findLine, insertLine, readLastSequence, takeNumber } from '../observations/store.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { type AnnouncedSigners, isAnnounced, tellRevision } from '../recording/teach.ts';
import { readSource } from '../sources/source.ts';
import { listLines, type SourceRow } from '../sources/store.ts';
import { listSeenIdentities } from './store.ts';

/** What is said of whom. */
export interface SignerDecision {
  readonly sourceId: string;
  readonly kind: 'declare' | 'retire' | 'revoke';
  /** By every claim that is named, among those who were seen to sign; keys also before. */
  readonly signers: AnnouncedSigners;
  /** Of one line, which need not be there yet; absent: of all. */
  readonly line: string | undefined;
  readonly reason: string;
}

/**
 * Carries out a decision about signers and returns the lines that it holds for. Throws `not_found`, `invalid` for nobody, `conflict` for whom
 * nobody saw (`watch-signer-unseen`) and for a source without lines (`watch-no-line`), and `forbidden` where it would take two people.
 */
export async function decideSigners(
  { database, now }: WatchParts,
  caller: Caller,
  decision: SignerDecision,
): Promise<readonly string[]> {
  const { kind, reason } = decision;
  return database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, decision.sourceId);
    const signers = await findSigners(tx, source, decision.signers);
    const lines = await openLines(tx, source, { name: decision.line, at });
    const entries = [];
    for (const line of lines) {
      if (kind === 'declare') await assertOnePerson(tx, caller, { source, line: line.number, signers });
      const stored = await decide(tx, {
        ...{ line: line.number, decision: { kind, ...signers }, cause: 'decided', reason, actor: caller.actor, at },
        afterSequence: await readLastSequence(tx),
      });
      const lesson = { organisationId: caller.organisationId, source, line, at };
      entries.push(await tellRevision(tx, lesson, { stored, cause: 'decided', actor: caller.actor }));
    }
    await recordAudits(tx, at, entries);
    return lines.map(({ name }) => name);
  });
}

/** What is named in part stands for everybody it fits: a tuple is accepted whole or not at all. */
async function findSigners(tx: Tx, source: SourceRow, { identities, keys }: AnnouncedSigners): Promise<Signers> {
  if (identities.length + keys.length === 0) {
    throw new Refusal('invalid', 'expected an identity or a key', { rule: 'watch-signer' });
  }
  const seen = (await listSeenIdentities(tx, source.id)).map((document) => JSON.parse(document) as Identity);
  const found = identities.map((named) =>
    seen.filter((identity) => isAnnounced({ identities: [named], keys: [] }, identity)),
  );
  const missing = identities.find((_, index) => found[index]?.length === 0);
  if (missing) {
    throw new Refusal('conflict', `nobody was seen to sign as ${missing.subject}`, {
      rule: 'watch-signer-unseen',
      hint: 'say who is going to sign with: signpost watch announce',
    });
  }
  return {
    identities: [...new Map(found.flat().map((identity) => [encodeIdentity(identity), identity])).values()],
    keys,
  };
}

async function openLines(
  tx: Tx,
  source: SourceRow,
  { name, at }: { readonly name: string | undefined; readonly at: number },
): Promise<readonly { readonly number: number; readonly name: string }[]> {
  if (name === undefined) {
    const lines = await listLines(tx, source.id);
    if (lines.length > 0) return lines;
    throw new Refusal('conflict', 'nothing was seen of the source yet', {
      rule: 'watch-no-line',
      hint: 'name the line',
    });
  }
  const known = await findLine(tx, source.id, name);
  if (known !== undefined) return [{ number: known, name }];
  const number = await takeNumber(tx, 'watch_line');
  await insertLine(tx, { number, source_id: source.id, name, created_at: at });
  return [{ number, name }];
}

/** Where two must accept a stranger, one must not declare them. */
async function assertOnePerson(
  tx: Query,
  { organisationId }: Caller,
  { source, line, signers }: { readonly source: SourceRow; readonly line: number; readonly signers: Signers },
): Promise<void> {
  if (!(await needsTwoFor(tx, organisationId, source.key))) return;
  const revision = (await readBaseline(tx, line))?.revision;
  const accepted = new Set([
    ...(revision?.identities ?? []).flatMap(({ state, identity }) =>
      state === 'accepted' ? [encodeIdentity(identity)] : [],
    ),
    ...(revision?.keys ?? []).flatMap(({ state, key }) => (state === 'accepted' ? [key] : [])),
  ]);
  if ([...signers.identities.map(encodeIdentity), ...signers.keys].every((signer) => accepted.has(signer))) return;
  throw new Refusal('forbidden', 'expected signers who are accepted already: two people accept others', {
    rule: 'watch-two-people',
    hint: 'have two people accept the finding of the signer',
  });
}
