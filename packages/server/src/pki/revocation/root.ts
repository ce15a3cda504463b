/** What a root has to say about revocation, while somebody who knows its passphrase has it open. */
import type { Actor, Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { requireAuthority } from '../authorities/authority.ts';
import { type Issuer, openIssuer } from '../authorities/issuer.ts';
import { withRootSigner } from '../authorities/root-signer.ts';
import type { AuthorityRow } from '../authorities/store.ts';
import { isBehind, publishLists } from './lists/publish.ts';
import { makeResponder, type ResponderParts } from './ocsp/responder.ts';
import { findResponder } from './ocsp/store.ts';
import { listValidityMs, responderDays } from './periods.ts';
import type { StatusAnswers } from './status-answers.ts';
import { findList } from './store.ts';

/** What publishing on somebody's order needs. */
export interface OrderParts extends ResponderParts {
  readonly statusAnswers: StatusAnswers;
}

/** An order to publish. */
export interface PublicationOrder {
  /** The name of the authority. */
  readonly authority: string;
  /** Of a root on this server. */
  readonly passphrase?: string | undefined;
}

/**
 * Publishes the lists of an authority now; for a root, with its passphrase, also a responder that answers by OCSP until the
 * next time. Throws `not_found`, what `openIssuer` and `withRootSigner` throw, and `invalid` without a passphrase that is needed.
 */
export async function orderPublication(parts: OrderParts, caller: Caller, order: PublicationOrder): Promise<void> {
  const { organisationId, actor } = caller;
  const row = await requireAuthority(parts.database.query, organisationId, order.authority);
  const place = { organisationId, authorityId: row.id };
  if (row.custody === 'dual') {
    const passphrase = requirePassphrase(order, row);
    await withRootSigner(parts, { ...place, passphrase, actor }, (root) => publishWhileOpen(parts, root, actor));
  } else {
    await publishLists(parts, await openIssuer(parts, place, 'status'), { validityMs: listValidityMs.server, actor });
    parts.statusAnswers.forgetLists(row.id);
  }
}

function requirePassphrase({ passphrase }: PublicationOrder, { name }: AuthorityRow): string {
  if (passphrase !== undefined) return passphrase;
  throw new Refusal('invalid', `expected the passphrase of the root ${name}`, { rule: 'passphrase-needed' });
}

/** What an open root has not said for a day, or what changed since, it says now that it is open for something else. */
export async function publishOnOccasion(parts: OrderParts, root: Issuer, actor: Actor): Promise<void> {
  const since = parts.now() - occasionMs;
  const { query } = parts.database;
  const list = await findList(query, root.authorityId, { kind: 'complete', part: '' });
  const responder = await findResponder(query, root.authorityId, parts.now());
  const isFresh = (list?.this_update ?? 0) > since && (responder?.created_at ?? 0) > since;
  if (!isFresh || (await isBehind(parts, root.authorityId))) await publishWhileOpen(parts, root, actor);
}

const occasionMs = 86_400_000;

/** Has an open root sign what holds until it is opened again: its lists, and a responder. */
async function publishWhileOpen(parts: OrderParts, issuer: Issuer, actor: Actor): Promise<void> {
  await publishLists(parts, issuer, { validityMs: listValidityMs.dual, actor });
  parts.statusAnswers.forgetLists(issuer.authorityId);
  await makeResponder(parts, issuer, { days: responderDays.dual, actor });
}
