/** Keeps verdicts, and tells everybody: audit log and bus. */
import type { Verdict } from '@signpost/protocol/policy/verdict';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ReleaseInProject } from '../lifecycle/release.ts';
import type { Judgement } from './judge.ts';
import { insertVerdict, listVerdicts, type VerdictRow } from './store.ts';

/**
 * Records the verdict of a judgement, unless it says what the one before it said at the same moment. Nothing when there is no
 * policy. A denial in mode `enforce` is `evidence.denied` on the bus, everything else `evidence.judged`.
 */
export async function recordVerdict(
  tx: Transaction<Schema>,
  caller: Caller,
  {
    subject,
    judgement: { basis, verdict },
    moment,
    at,
  }: { subject: ReleaseInProject; judgement: Judgement; moment: VerdictRow['moment']; at: number },
): Promise<void> {
  if (!verdict || !basis.policy) return;
  const row: VerdictRow = {
    ...{ id: createId(at), release_id: subject.release.id, policy_version: basis.policy.version, moment },
    ...{ result: verdict.result, mode: verdict.mode, findings: JSON.stringify(verdict.findings), created_at: at },
  };
  const [latest] = await listVerdicts(tx, subject.release.id, 1);
  if (latest && describe(latest) === describe(row)) return;
  await insertVerdict(tx, row);
  const detail = { moment, policy_version: basis.policy.version };
  await tell(tx, caller, { subject, verdict, detail, policySha256: basis.policy.sha256, at });
}

function describe({ policy_version, moment, result, mode, findings }: VerdictRow): string {
  return JSON.stringify([policy_version, moment, result, mode, findings]);
}

async function tell(
  tx: Transaction<Schema>,
  caller: Caller,
  {
    subject: { project, release },
    verdict: { result, mode, findings },
    detail,
    policySha256,
    at,
  }: {
    subject: ReleaseInProject;
    verdict: Verdict;
    detail: Readonly<Record<string, string | number>>;
    policySha256: string;
    at: number;
  },
): Promise<void> {
  const rules = [...new Set(findings.filter(({ outcome }) => outcome !== 'met').map(({ rule }) => rule))].join(' ');
  const facts = { ...detail, result, mode, rules };
  await recordEvent(tx, {
    id: createId(at),
    organisationId: caller.organisationId,
    topic: result === 'denied' && mode === 'enforce' ? 'evidence.denied' : 'evidence.judged',
    payload: { project: project.slug, version: release.version, policy_sha256: policySha256, ...facts },
    at,
  });
  const object = { kind: 'release', id: `${project.slug}/${release.version}` };
  const outcome = result === 'denied' && mode === 'enforce' ? ('refused' as const) : ('success' as const);
  await recordAudit(tx, at, { ...caller, action: 'evidence.judged', object, outcome, detail: facts });
}
