/** Orders (RFC 8555, section 7.4): what a client wants certified, and what it must prove first. */
import { randomBytes } from 'node:crypto';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseString } from '@signpost/protocol/json/fields';
import type { Transaction } from 'kysely';
import { createId } from '../../../storage/ids.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AccountDependencies } from '../accounts/account.ts';
import type { Directory, OfferedProfile } from '../directories/directory.ts';
import { AcmeProblem, type Identifier } from '../problem.ts';
import { findReplaced, refuseReplaced } from '../renewal/replaced.ts';
import { isClaimed } from '../renewal/store.ts';
import { type AccountRequest, parsePayload } from '../requests/signed-request.ts';
import { writeInGroup } from '../write-in-group.ts';
import { readEnd } from './end.ts';
import { listChallenges, parseIdentifiers } from './identifiers.ts';
import { assertNamePolicy } from './name-policy.ts';
import { type OrderWithProofs, readProofs } from './read.ts';
import {
  type AuthorizationRow,
  findOpenOrder,
  insertOrder,
  listOrderAuthorizations,
  listUsableAuthorizations,
  type OrderRow,
} from './store.ts';

/** What orders work with. */
export type OrderDependencies = Pick<AccountDependencies, 'database' | 'now' | 'limits'>;

const dayMs = 86_400_000;
const orderLifeMs = 7 * dayMs;

/** How long a proof counts for later orders of the same account, besides the one that it was given for. */
export const proofLifeMs: number = 7 * dayMs;

/** A proof that ends so soon is not relied on. */
const proofMarginMs = 3_600_000;

/**
 * Makes an order, or finds the open one for the same things: a client that asks twice gets one order. Proofs that the
 * account gave before count, as long as they last. Throws `alreadyReplaced` when another order replaces the same certificate.
 */
export async function createOrder(dependencies: OrderDependencies, request: AccountRequest): Promise<OrderWithProofs> {
  const { database, now } = dependencies;
  const { account, directory } = request;
  const payload = parsePayload(request);
  const identifiers = parseIdentifiers(payload, directory);
  await assertNamePolicy(dependencies, directory, identifiers);
  const at = now();
  const profile = selectProfile(directory, payload);
  const wanted = {
    account_id: account.id,
    identifiers: encodeCanonicalText(identifiers.map(({ type, value }) => ({ type, value }))),
    profile: profile.name,
    not_after: await readEnd(dependencies, { payload, profile, directory }),
    replaces_id: await findReplaced(dependencies, request, { payload, identifiers }),
  };
  const open = await findOpenOrder(database.query, wanted, at);
  if (open) return readProofs(dependencies, request, open);
  const stored = await storeOrder(dependencies, { wanted, directory, identifiers, at });
  // What was found by this name has it.
  return { ...stored, replaces: payload.replaces === undefined ? undefined : parseString(payload, 'replaces') };
}

interface Wish {
  readonly wanted: Pick<OrderRow, 'account_id' | 'identifiers' | 'profile' | 'not_after' | 'replaces_id'>;
  readonly directory: Directory;
  readonly identifiers: readonly Identifier[];
  readonly at: number;
}

type StoredOrder = Omit<OrderWithProofs, 'replaces'>;

/** What asks for the same at once waits for the same line of writes, where the second one finds the first one's order. */
async function storeOrder({ database, limits }: OrderDependencies, wish: Wish): Promise<StoredOrder> {
  const { wanted, directory, at } = wish;
  const count = countOnce(() => limits.take(`orders ${wanted.account_id}`, directory.limits.orders));
  let stored: StoredOrder | undefined;
  let isTaken = false;
  await writeInGroup(database, async (tx) => {
    const open = await findOpenOrder(tx, wanted, at);
    isTaken = !open && wanted.replaces_id !== null && (await isClaimed(tx, wanted.replaces_id, at));
    if (isTaken) return;
    if (open) stored = { order: open, authorizations: await listOrderAuthorizations(tx, open.id) };
    else if (count().refusal === undefined) stored = await addOrder(tx, wish);
  });
  if (isTaken) throw refuseReplaced();
  if (stored) return stored;
  throw count().refusal;
}

/** Counts at the first call alone, and returns what was thrown: a write in a group may be run again, and takes others along by what it throws. */
function countOnce(count: () => void): () => { readonly refusal?: unknown } {
  let outcome: { readonly refusal?: unknown } | undefined;
  return () => {
    outcome ??= attempt(count);
    return outcome;
  };
}

function attempt(act: () => void): { readonly refusal?: unknown } {
  try {
    act();
    return {};
  } catch (refusal) {
    return { refusal };
  }
}

async function addOrder(tx: Transaction<Schema>, wish: Wish): Promise<StoredOrder> {
  const { wanted, identifiers, at } = wish;
  const values = identifiers.map(({ value }) => value.replace(/^\*\./, ''));
  const usable = await listUsableAuthorizations(tx, wanted.account_id, { values, now: at + proofMarginMs });
  const proofs = identifiers.map((identifier) => {
    const known = selectProof(usable, identifier);
    return { known, row: known ?? createAuthorization(wish, identifier) };
  });
  const authorizations = proofs.map(({ row }) => row);
  const ends = authorizations.map(({ expires_at }) => expires_at);
  const order: OrderRow = {
    id: createId(at),
    ...wanted,
    state: authorizations.every(({ state }) => state === 'valid') ? 'ready' : 'pending',
    ...{ error: null, certificate_id: null, created_at: at },
    expires_at: Math.min(at + orderLifeMs, wanted.not_after ?? at + orderLifeMs, ...ends),
  };
  const known = proofs.flatMap(({ known: row }) => row ?? []);
  await insertOrder(tx, order, { known, added: proofs.flatMap(({ known: old, row }) => (old ? [] : row)) });
  return { order, authorizations };
}

/** A valid proof first; else one that the client may still give. */
function selectProof(usable: readonly AuthorizationRow[], { type, value }: Identifier): AuthorizationRow | undefined {
  const isWildcard = value.startsWith('*.') ? 1 : 0;
  const name = value.replace(/^\*\./, '');
  const fitting = usable.filter((row) => row.kind === type && row.value === name && row.wildcard === isWildcard);
  return fitting.find(({ state }) => state === 'valid') ?? fitting.find(({ attempted }) => attempted === null);
}

function createAuthorization({ wanted, directory, at }: Wish, identifier: Identifier): AuthorizationRow {
  return {
    id: createId(at),
    account_id: wanted.account_id,
    kind: identifier.type,
    // RFC 8555, 7.1.4: without the wildcard, which stands beside it.
    value: identifier.value.replace(/^\*\./, ''),
    wildcard: identifier.value.startsWith('*.') ? 1 : 0,
    state: 'pending',
    token: randomBytes(32).toString('base64url'),
    challenges: JSON.stringify(listChallenges(identifier, directory)),
    ...{ attempted: null, error: null, validated_at: null },
    expires_at: at + orderLifeMs,
    created_at: at,
  };
}

/** The profile that a payload names, or the default one. Throws `invalidProfile`. */
function selectProfile({ profiles }: Directory, payload: SignableObject): OfferedProfile {
  const name = payload.profile === undefined ? profiles[0]?.name : parseString(payload, 'profile', 100);
  const profile = profiles.find((one) => one.name === name);
  if (profile) return profile;
  throw new AcmeProblem('invalidProfile', `expected one of the profiles ${profiles.map((one) => one.name).join(', ')}`);
}

/** The state that clients see: an open order that ran out is invalid (RFC 8555, 7.1.6). */
export function stateOf({ state, expires_at }: OrderRow, now: number): OrderRow['state'] {
  return state !== 'valid' && expires_at <= now ? 'invalid' : state;
}

/** The identifiers of a stored order. */
export function readIdentifiers({ identifiers }: OrderRow): readonly Identifier[] {
  return JSON.parse(identifiers) as Identifier[];
}
