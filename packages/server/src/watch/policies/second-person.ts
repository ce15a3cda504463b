/** Letting one person decide where two had to is itself for two people: the first proposes it, the second says the same. */
import type { Actor, Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { Tx } from '../parts.ts';
import { findLatestPolicy, findMemberSince, insertPolicy } from './store.ts';

/** What would ask for fewer people than is in force. */
export interface Easing {
  /** Under which the settings or the policy are stored. */
  readonly selector: string;
  /** The version in force: what was proposed before another one is proposed no more. */
  readonly version: number;
  readonly document: string;
  readonly at: number;
}

/** How long a proposal stands, in milliseconds. */
const proposalLifeMs = 7 * 24 * 3_600_000;
/** How long somebody must have been a member, in milliseconds: so that nobody lets a second person in for it, unseen by the others. */
const memberForMs = 7 * 24 * 3_600_000;

/**
 * Whether another person, who is still a member, has proposed the very same within a week; if not, this is noted as the proposal. Throws `forbidden`, rule
 * `watch-two-people`, for keys, which are no people, and for members of less than a week; `conflict` for the one who proposed it.
 */
export async function isSecondPerson(tx: Tx, caller: Caller, easing: Easing): Promise<boolean> {
  const { organisationId, actor } = caller;
  const rule = 'watch-two-people';
  if (actor.kind !== 'person' || actor.id === null) {
    const hint = 'sign in, and let somebody else do the same';
    throw new Refusal('forbidden', 'expected a person: two of them let one decide', { rule, hint });
  }
  const since = await findMemberSince(tx, organisationId, actor.id);
  if (since === undefined || since > easing.at - memberForMs) {
    throw new Refusal('forbidden', 'expected a member of a week or longer: two of them let one decide', { rule });
  }
  const selector = `easing ${easing.selector}`;
  const latest = await findLatestPolicy(tx, { organisationId, selector });
  const wanted = encodePlain({ version: easing.version, document: easing.document });
  const proposer = (JSON.parse(latest?.author ?? '{}') as Partial<Actor>).id ?? '';
  const isStanding =
    latest?.document === wanted &&
    easing.at < latest.created_at + proposalLifeMs &&
    (await findMemberSince(tx, organisationId, proposer)) !== undefined;
  if (isStanding && proposer === actor.id) {
    throw new Refusal('conflict', 'expected another person than the one who proposed it', { rule });
  }
  await insertPolicy(tx, {
    ...{ id: createId(easing.at), organisation_id: organisationId, selector, version: (latest?.version ?? 0) + 1 },
    ...{ document: isStanding ? null : wanted, author: JSON.stringify(actor), created_at: easing.at },
  });
  if (!isStanding) {
    const object = { kind: 'watch_policy', id: easing.selector };
    await recordAudit(tx, easing.at, { ...caller, action: 'watch_easing.proposed', object });
  }
  return isStanding;
}
