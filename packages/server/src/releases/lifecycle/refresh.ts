/** Keeps served manifests fresh: signs them again before they end, and when the trust list changed beneath them. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import type { PublishingParts } from '../gate/judge.ts';
import { refreshRelease } from './activation.ts';
import { listCurrentManifests } from './store.ts';

/** What became of one manifest. */
export interface RefreshOutcome {
  readonly organisationId: string;
  readonly slug: string;
  readonly version: string;
  /** `failed`: a fault of ours or of the machine, where `refused` is what the rules say. */
  readonly kind: 'fresh' | 'refreshed' | 'refused' | 'failed';
  /** Why it could not be signed again, for the operator. */
  readonly reason?: string;
  /** What was thrown at a fault. */
  readonly err?: unknown;
}

/**
 * Looks at every manifest in service (of one organisation, or all) and signs again what is past half of its life or no
 * longer verifies. What the server may not sign is reported as `refused`, and left to its maintainers; what fails keeps
 * none of the others waiting.
 */
export async function refreshManifests(
  dependencies: PublishingParts,
  organisationId?: string,
): Promise<readonly RefreshOutcome[]> {
  const outcomes: RefreshOutcome[] = [];
  for (const row of await listCurrentManifests(dependencies.database.query, organisationId)) {
    const subject = { organisationId: row.organisation_id, slug: row.slug, version: row.version };
    outcomes.push({ ...subject, ...(await refreshIfDue(dependencies, row).catch(explainFailure)) });
  }
  return outcomes;
}

type CurrentManifest = Awaited<ReturnType<typeof listCurrentManifests>>[number];

async function refreshIfDue(
  dependencies: PublishingParts,
  row: CurrentManifest,
): Promise<Pick<RefreshOutcome, 'kind'>> {
  if (!(await isRefreshDue(dependencies, row))) return { kind: 'fresh' };
  const caller = { organisationId: row.organisation_id, actor: systemActor };
  await refreshRelease(dependencies, caller, { slug: row.slug, version: row.version });
  return { kind: 'refreshed' };
}

async function isRefreshDue({ database, now }: PublishingParts, row: CurrentManifest): Promise<boolean> {
  const at = now();
  if (at - row.created_at > (row.expires_at - row.created_at) / 2) return true;
  try {
    const trust = await readTrustInForce(database.query, row.organisation_id);
    if (!trust || row.envelope === null) return true;
    await verifyManifest(encodeText(row.envelope), { trust, project: row.slug, channel: row.channel, now: at });
    return false;
  } catch (error) {
    // Trust lists or manifests that do not verify; signing again will say why, to the operator.
    if (error instanceof TrustError) return true;
    throw error;
  }
}

/** Refusals are expected here: a locked vault, an expired list, approvals. */
function explainFailure(error: unknown): Pick<RefreshOutcome, 'kind' | 'reason' | 'err'> {
  if (error instanceof Refusal || error instanceof TrustError) return { kind: 'refused', reason: error.message };
  return { kind: 'failed', err: error };
}
