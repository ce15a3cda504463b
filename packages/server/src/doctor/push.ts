/** The doctor on push: whether what happens is told, or waits for a key that somebody vouches for. */
import { describeIdentity } from '../push/keys/push-key.ts';
import { listWaiting } from '../push/log/store.ts';
import type { DoctorDependencies, Finding } from './finding.ts';

/** An event that is told within so many milliseconds is not late. */
const lateMs = 10_000;

/** A push key that the trust list does not name; events that wait to be told. */
export async function examinePush(
  { database, vault, now }: DoctorDependencies,
  organisationId: string,
): Promise<Finding[]> {
  const { active, waiting, vouched } = await describeIdentity(database.query, organisationId, now());
  // Whoever never asked for a push key tells nobody, and misses nothing.
  if (!active && !waiting) return [];
  const rows = await listWaiting(database.query);
  const late = rows.find((row) => row.organisation_id === organisationId && now() - row.since > lateMs);
  const findings: Finding[] = [];
  if (!vouched) {
    findings.push({
      level: 'warning',
      code: 'push-not-vouched',
      message: 'the trust list in force does not name the push key: listeners are told nothing',
      hint: 'put the key of GET /api/push/identity into push_keys of the next trust list, sign and import it',
    });
  }
  if (late) {
    const cause = vault.state === 'unlocked' ? 'the log of the server tells why' : 'signpost unlock';
    findings.push({
      level: 'warning',
      code: 'push-events-wait',
      message: `${late.count} events wait to be told to listeners, the oldest for ${Math.round((now() - late.since) / 1000)} seconds`,
      hint: vouched
        ? cause
        : 'signpost doctor names the push key that the trust list must vouch for; nothing is lost meanwhile',
    });
  }
  return findings;
}
