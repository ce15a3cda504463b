/** What is trusted now, in words and numbers for people. */
import type { PushKey, RootSet } from '@signpost/protocol/updates/trust-list';
import { formatTime } from '../http/router.ts';
import { type TrafficLight, trafficLight } from './expiry.ts';
import { listTrustListVersions } from './store.ts';
import { readPinnedRoots, readTrustInForce, type TrustDependencies } from './trust-lists.ts';

/** The trust of an organisation as the API and the command show it. */
export async function describeTrust({ database, now }: TrustDependencies, organisationId: string) {
  const list = await readTrustInForce(database.query, organisationId);
  const roots: RootSet | undefined = list?.rootsInForce ?? (await readPinnedRoots(database.query, organisationId));
  const light: TrafficLight = trafficLight(list?.expiresAt, now());
  return {
    roots: roots?.keys.map(({ keyId, pubkeyB64 }) => ({ key_id: keyId, pubkey_b64: pubkeyB64 })) ?? [],
    threshold: roots?.threshold ?? 0,
    version: list?.version ?? null,
    issued_at: list ? formatTime(list.issuedAt) : null,
    expires_at: list ? formatTime(list.expiresAt) : null,
    light,
    valid_keys:
      list?.validKeys.map((listed) => ({
        ...formatListed(listed),
        custody: listed.custody,
        scope: [...listed.scope],
      })) ?? [],
    push_keys: list?.pushKeys.map(formatListed) ?? [],
    revoked_keys:
      list?.revokedKeys.map(({ keyId, reason, revokedAt }) => ({
        ...{ key_id: keyId, reason, revoked_at: formatTime(revokedAt) },
      })) ?? [],
    projects:
      list?.projects.map(({ project, approvals, counterEpoch }) => ({
        project,
        approvals,
        counter_epoch: counterEpoch,
      })) ?? [],
  };
}

function formatListed({ key, label, ...window }: PushKey) {
  return { key_id: key.keyId, pubkey_b64: key.pubkeyB64, label, ...formatWindow(window) };
}

/** When a listed key may sign, as the API says it: null where there is no bound, or no such key. */
export function formatWindow(listed: Pick<PushKey, 'notBefore' | 'notAfter'> | undefined) {
  const format = (at: number | undefined) => (at === undefined ? null : formatTime(at));
  return { not_before: format(listed?.notBefore), not_after: format(listed?.notAfter) };
}

/** Every list ever imported, newest first. */
export async function listTrustVersions({ database }: TrustDependencies, organisationId: string) {
  const rows = await listTrustListVersions(database.query, organisationId);
  return rows.map((row) => ({
    version: row.version,
    digest: row.digest,
    issued_at: formatTime(row.issued_at),
    expires_at: formatTime(row.expires_at),
    imported_at: formatTime(row.imported_at),
    changes_roots: row.changes_roots === 1,
  }));
}

/** For whom a project is safe even from a server that was stolen with all its keys (docs/threat-model.md). */
export type Protection = 'every-client' | 'clients-that-know-scopes' | 'nobody';

/**
 * With approvals demanded by the roots, clients that know scopes are safe. Clients of the older format take any listed
 * key for any project, so they are safe only if the list holds no server key at all.
 */
export async function describeProtection(
  { database }: Pick<TrustDependencies, 'database'>,
  organisationId: string,
  slug: string,
): Promise<{ approvals: number; protects: Protection }> {
  const list = await readTrustInForce(database.query, organisationId);
  const approvals = list?.projects.find(({ project }) => project === slug)?.approvals ?? 0;
  if (!list || approvals === 0) return { approvals, protects: 'nobody' };
  const revoked = new Set(list.revokedKeys.map(({ keyId }) => keyId));
  const serverKeys = list.validKeys.some(({ key, custody }) => custody === 'server' && !revoked.has(key.keyId));
  return { approvals, protects: serverKeys ? 'clients-that-know-scopes' : 'every-client' };
}
