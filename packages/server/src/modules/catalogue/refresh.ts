/** Signs catalogues by the clock: those that wait, run out, or would be refused. */
import type { CatalogueHead } from '@signpost/protocol/updates/catalogue';
import { isInScope } from '@signpost/protocol/updates/names';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { isKeyUsable } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Logger } from 'pino';
import type { ProjectRow } from '../../releases/projects/store.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { baseOf, type CatalogueParts, type SigningOutcome, signCatalogue } from './sign.ts';
import { type CatalogueRow, findCatalogue, listCatalogues, listEntryFacts, markBehind, markModules } from './store.ts';

/** What became of one catalogue by the clock. */
type RefreshedCatalogue =
  | SigningOutcome
  | { readonly kind: 'fresh' }
  | { readonly kind: 'failed'; readonly err: unknown };

/** What signing by the clock works with. */
export interface RefreshParts extends CatalogueParts {
  readonly log: Logger;
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/**
 * Looks at every catalogue (of one organisation, or all) and signs again what waits, is past half of its life, or does not verify any more. What
 * cannot be signed is logged, and keeps none of the others waiting.
 */
export async function refreshCatalogues(
  parts: RefreshParts,
  organisationId?: string,
): Promise<readonly RefreshedCatalogue['kind'][]> {
  const kinds: RefreshedCatalogue['kind'][] = [];
  for (const { collection } of await listCatalogues(parts.database.query, organisationId)) {
    const failed = (err: unknown) => ({ kind: 'failed', err }) as const;
    const outcome = await refreshCatalogue(parts, collection).catch(failed);
    tell(parts, collection, outcome);
    kinds.push(outcome.kind);
  }
  return kinds;
}

function tell({ log, published }: RefreshParts, collection: ProjectRow, outcome: RefreshedCatalogue): void {
  const subject = { organisation_id: collection.organisation_id, collection: collection.slug, ...outcome };
  if (outcome.kind === 'unsigned') log.warn(subject, 'a catalogue could not be signed');
  if (outcome.kind === 'failed') log.error(subject, 'signing a catalogue failed');
  if (outcome.kind === 'signed') published(collection.organisation_id);
}

async function refreshCatalogue(
  parts: CatalogueParts,
  collection: ProjectRow,
): Promise<SigningOutcome | { readonly kind: 'fresh' }> {
  const { database, now } = parts;
  const at = now();
  const trust = await readTrustInForce(database.query, collection.organisation_id);
  const seen = await findCatalogue(database.query, collection.id);
  if (!seen) return { kind: 'fresh' };
  const stale = await findStaleEntries(parts, { collection, catalogue: seen, trust, at });
  const anew = isDue(seen, collection, { trust, at });
  if (!anew && stale === undefined && seen.behind_since === null) return { kind: 'fresh' };
  return database.transaction(async (tx) => {
    if (stale !== undefined) await markModules(tx, collection.id, stale);
    await markBehind(tx, collection.id, at);
    return signCatalogue(tx, parts, { collection, at, anew });
  });
}

interface Moment {
  readonly trust: VerifiedTrustList | undefined;
  readonly at: number;
}

interface Look extends Moment {
  readonly collection: ProjectRow;
  readonly catalogue: CatalogueRow;
}

/** Which entries clients may refuse now: all, under another trust list or address than they were made for, or those whose manifests have ended. */
async function findStaleEntries(
  parts: CatalogueParts,
  { collection, catalogue, trust, at }: Look,
): Promise<number | 'all' | undefined> {
  const { query } = parts.database;
  if (catalogue.trust_digest !== (trust?.digest ?? null)) return 'all';
  if (catalogue.base !== (await baseOf(query, parts, collection))) return 'all';
  const facts = await listEntryFacts(query, collection.id);
  return facts.some(({ expires_at }) => Number(expires_at) <= at) ? at : undefined;
}

/** Whether all keys named, by ids with spaces between, are in force; scope aside. */
export function areUsable(keyIds: string, trust: VerifiedTrustList | undefined, at: number): boolean {
  return keyIds.split(' ').every((keyId) => {
    const trusted = trust?.validKeys.find(({ key }) => key.keyId === keyId);
    return trust !== undefined && trusted !== undefined && isKeyUsable(trust, trusted, at);
  });
}

/** Whether the catalogue in force runs out, or would be refused. */
function isDue(catalogue: CatalogueRow, { slug }: ProjectRow, { trust, at }: Moment): boolean {
  const { head, key_id, issued_at, expires_at } = catalogue;
  if (head === null || key_id === null || at - issued_at > (expires_at - issued_at) / 2) return true;
  const trusted = trust?.validKeys.find(({ key }) => key.keyId === key_id);
  if (!trust || !trusted || !isKeyUsable(trust, trusted, at)) return true;
  const { counterEpoch } = JSON.parse(head) as CatalogueHead;
  return !isInScope(trusted.scope, `collection:${slug}`) || counterEpoch !== findProjectRule(trust, slug).counterEpoch;
}
