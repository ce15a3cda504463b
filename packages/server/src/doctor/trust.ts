/** The doctor on trust: pinned roots, the list in force and the keys that it names. */
import { TrustError } from '@signpost/protocol/errors';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Database } from '../storage/database.ts';
import { trafficLight } from '../trust/expiry.ts';
import { isInTrustList } from '../trust/signing-keys.ts';
import { listSigningKeys } from '../trust/store.ts';
import { readPinnedRoots, readTrustInForce } from '../trust/trust-lists.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';

/** Roots that are not pinned; lists that are missing, broken or ending; keys that clients do not accept, or still do. */
export async function examineTrust({ database, now }: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  if (!(await readPinnedRoots(database.query, organisationId))) {
    return [
      {
        level: 'error',
        code: 'no-root-pinned',
        message: 'no offline root is pinned',
        hint: 'signpost root init on another machine, then signpost trust import trust.json --pin KEY',
      },
    ];
  }
  try {
    const trust = await readTrustInForce(database.query, organisationId);
    if (!trust)
      return [
        {
          level: 'error',
          code: 'no-trust-list',
          message: 'no trust list is imported',
          hint: 'signpost root sign, then signpost trust import trust.json',
        },
      ];
    return [...examineExpiry(trust, now()), ...(await examineKeys(database, organisationId, { trust, at: now() }))];
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return [
      {
        level: 'error',
        code: 'trust-chain-broken',
        message: `the stored trust lists do not verify: ${error.message}`,
        hint: 'restore the database from a backup',
      },
    ];
  }
}

function examineExpiry(trust: VerifiedTrustList, at: number): Finding[] {
  const light = trafficLight(trust.expiresAt, at);
  if (light === 'green') return [];
  const days = Math.floor((trust.expiresAt - at) / dayMs);
  const message =
    days < 0 ? 'the trust list has expired: clients refuse every update' : `the trust list expires in ${days} days`;
  return [
    {
      level: light === 'red' ? 'error' : 'warning',
      code: `trust-${light}`,
      message,
      hint: 'on the offline machine: signpost root sign; then signpost trust import trust.json',
    },
  ];
}

async function examineKeys(
  database: Database,
  organisationId: string,
  { trust, at }: { trust: VerifiedTrustList; at: number },
): Promise<Finding[]> {
  const keys = await listSigningKeys(database.query, organisationId);
  const active = keys.filter(({ state }) => state === 'active');
  const findings: Finding[] = active
    .filter((key) => !isInTrustList(key, trust, at))
    .map((key) => ({
      level: 'error',
      code: 'key-not-in-trust-list',
      message: `the active key ${key.label} for ${key.scope} is not in the trust list`,
      hint: 'signpost root add-key, signpost root sign, signpost trust import trust.json',
    }));
  const revoked = keys.filter(
    ({ key_id, state }) =>
      state === 'revoked' &&
      trust.validKeys.some(({ key }) => key.keyId === key_id) &&
      !trust.revokedKeys.some(({ keyId }) => keyId === key_id),
  );
  findings.push(
    ...revoked.map(
      (key): Finding => ({
        level: 'error',
        code: 'revoked-key-still-valid',
        message: `the key ${key.label} is revoked here, but clients still accept it`,
        hint: `signpost root revoke-key ${key.key_id}, signpost root sign, signpost trust import trust.json`,
      }),
    ),
  );
  const maintainers = trust.validKeys.some(({ custody }) => custody === 'maintainer');
  if (active.length === 0 && !maintainers)
    findings.push({
      level: 'warning',
      code: 'no-signing-key',
      message: 'no signing key is active',
      hint: 'signpost key create',
    });
  return findings;
}
