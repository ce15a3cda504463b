/** Clusters that an organisation has watched. */
import type { Caller } from '../../audit/audit.ts';
import { recordAudit, recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { violationOf } from '../../storage/violation.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { resolveCluster } from './blindness.ts';
import { type ApiAccess, parseAccess, sealCredential } from './credential.ts';
import { endUnseen } from './running/store.ts';
import { type ClusterRow, findCluster, insertCluster, listClusters, updateCluster } from './store.ts';

/** What clusters are kept with. */
export interface ClusterParts extends WatchParts {
  readonly vault: Vault;
}

/** A cluster that is to be watched. */
export interface ClusterRequest {
  readonly name: string;
  /** Undefined: the one that the server itself runs in. */
  readonly access: ApiAccess | undefined;
  /** For which rules of the policy are chosen. */
  readonly environment: string | undefined;
}

/** Clusters of one organisation. */
const maxClusters = 50;

/**
 * Begins to watch what runs in a cluster. Throws `invalid` for access that is none, `conflict` for a name that there is (`watch-cluster`) or when there are
 * too many (`watch-quota`), and `vault_locked`.
 */
export async function addCluster(
  { database, vault, now }: ClusterParts,
  caller: Caller,
  { name, access, environment }: ClusterRequest,
): Promise<ClusterRow> {
  const parsed = access && parseAccess(access);
  const { organisationId, actor } = caller;
  const at = now();
  const id = createId(at);
  const row: ClusterRow = {
    ...{ id, organisation_id: organisationId, name, kind: parsed ? 'kubeconfig' : 'in-cluster' },
    ...{ server: parsed?.url ?? null, ca: parsed?.ca ?? null, environment: environment ?? null },
    sealed_credential: parsed ? sealCredential(vault, id, parsed.credential) : null,
    ...{ author: JSON.stringify(actor), created_at: at, removed_at: null, due_at: at, lease: 0, lease_until: null },
    ...{ failures: 0, answered_at: null, unknown_since: null, unknown_reason: null },
  };
  return database.transaction(async (tx) => {
    if ((await listClusters(tx, organisationId)).length >= maxClusters) {
      throw new Refusal('conflict', `expected at most ${maxClusters} clusters`, { rule: 'watch-quota' });
    }
    await insertNamed(tx, row);
    await tell(tx, caller, { row, act: 'added', at });
    return row;
  });
}

async function insertNamed(tx: Tx, row: ClusterRow): Promise<void> {
  try {
    await insertCluster(tx, row);
  } catch (error) {
    if (violationOf(error) !== 'unique') throw error;
    throw new Refusal('conflict', `a cluster named ${row.name} is watched already`, { rule: 'watch-cluster' });
  }
}

/** Stops watching a cluster and forgets its credential. What was seen to run there has ended. Throws `not_found`. */
export async function removeCluster({ database, now }: WatchParts, caller: Caller, id: string): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const row = await findCluster(tx, { organisationId: caller.organisationId, id });
    if (!row) throw noCluster();
    // Nobody holds it any more: who does finds out.
    await updateCluster(tx, id, { removed_at: at, sealed_credential: null, lease: row.lease + 1, lease_until: null });
    await endUnseen(tx, id, at + 1);
    const entries = await resolveCluster(tx, row, at);
    if (entries.length > 0) await recordAudits(tx, at, entries);
    await tell(tx, caller, { row, act: 'removed', at });
  });
}

/** A cluster that is watched. Throws `not_found`. */
export async function readCluster({ database }: WatchParts, organisationId: string, id: string): Promise<ClusterRow> {
  const row = await findCluster(database.query, { organisationId, id });
  if (!row) throw noCluster();
  return row;
}

function noCluster(): Refusal {
  return new Refusal('not_found', 'no such cluster is watched');
}

async function tell(
  tx: Tx,
  caller: Caller,
  { row, act, at }: { readonly row: ClusterRow; readonly act: 'added' | 'removed'; readonly at: number },
): Promise<void> {
  const { organisationId } = caller;
  const payload = { cluster: row.name, kind: row.kind, server: row.server };
  await recordEvent(tx, { id: createId(at), organisationId, topic: `watch.cluster.${act}`, payload, at });
  const object = { kind: 'watch_cluster', id: row.id };
  await recordAudit(tx, at, { ...caller, action: `watch_cluster.${act}`, object, detail: payload });
}
