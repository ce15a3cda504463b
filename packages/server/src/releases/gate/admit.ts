/** The gate itself: lets a release through, or says why not, and records either. */
import { isBlocking, type Verdict } from '@signpost/protocol/policy/verdict';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { Event } from '../../storage/bus.ts';
import { type ReleaseInProject, type ReleaseName, requireRelease } from '../lifecycle/release.ts';
import { listReleases } from '../lifecycle/store.ts';
import { findProject } from '../projects/store.ts';
import { type GateParts, type Judgement, judgeRelease } from './judge.ts';
import { recordVerdict } from './record.ts';

/**
 * The judgement under which a release may go into service. Throws `conflict`, rule `policy-denied`, when the policy denies it, and
 * records that; `not_found` as `requireRelease` does. The judgement is held against the database once more by `assertUnchanged`, in the
 * transaction that acts on it.
 */
export async function admitRelease(parts: GateParts, caller: Caller, name: ReleaseName): Promise<Judgement> {
  const judged = await judgeNamed(parts, caller, name);
  const { subject, judgement } = judged;
  if (!judgement.verdict || !isBlocking(judgement.verdict)) return judgement;
  await record(parts, caller, { ...judged, moment: 'activation' });
  throw refuseDenied(judgement.verdict, subject);
}

/** Judges a release whose evidence, files or policy changed, and records what the policy says now. */
export async function rejudgeRelease(parts: GateParts, caller: Caller, name: ReleaseName): Promise<Judgement> {
  const judged = await judgeNamed(parts, caller, name);
  if (judged.judgement.verdict) await record(parts, caller, { ...judged, moment: 'evidence' });
  return judged.judgement;
}

interface JudgedRelease {
  readonly subject: ReleaseInProject;
  readonly judgement: Judgement;
}

async function judgeNamed(parts: GateParts, { organisationId }: Caller, name: ReleaseName): Promise<JudgedRelease> {
  const subject = await requireRelease(parts.database.query, organisationId, name);
  return { subject, judgement: await judgeRelease(parts, organisationId, subject) };
}

/** In a transaction of its own: what follows may be refused. */
async function record(
  { database, now }: GateParts,
  caller: Caller,
  judged: JudgedRelease & { readonly moment: 'activation' | 'evidence' },
): Promise<void> {
  await database.transaction((tx) => recordVerdict(tx, caller, { ...judged, at: now() }));
}

/** The most releases that one change of a policy judges again. */
const maxRejudged = 100;

/**
 * Judges what an event is about: the release that its payload names, or the drafts of a project whose policy changed. A release that
 * is gone meanwhile needs no verdict.
 */
export async function rejudgeAfter(parts: GateParts, { organisationId, payload }: Event): Promise<void> {
  const { project: slug, version } = payload;
  if (organisationId === null || typeof slug !== 'string') return;
  const caller = { organisationId, actor: systemActor };
  const versions = typeof version === 'string' ? [version] : await listDrafts(parts, organisationId, slug);
  for (const one of versions) {
    await rejudgeRelease(parts, caller, { slug, version: one }).catch((error: unknown) => {
      if (!(error instanceof Refusal && error.code === 'not_found')) throw error;
    });
  }
}

async function listDrafts({ database }: GateParts, organisationId: string, slug: string): Promise<readonly string[]> {
  const project = await findProject(database.query, organisationId, slug);
  const releases = project ? await listReleases(database.query, project.id) : [];
  const drafts = releases.filter(({ state, deleted_at }) => state === 'draft' && deleted_at === null);
  return drafts.slice(0, maxRejudged).map(({ version }) => version);
}

function refuseDenied({ findings }: Verdict, { project, release }: ReleaseInProject): Refusal {
  const open = findings.filter(({ outcome }) => outcome === 'unmet' || outcome === 'unknown');
  const words = open.slice(0, 5).map(({ rule, artifact, expected, found }) => {
    return `${rule}${artifact === undefined ? '' : ` of ${artifact}`}: expected ${expected}, found ${found}`;
  });
  const more = open.length > words.length ? `; and ${open.length - words.length} more` : '';
  return new Refusal('conflict', `the policy of ${project.slug} denies the release: ${words.join('; ')}${more}`, {
    rule: 'policy-denied',
    hint: `signpost evidence show ${release.version} --project ${project.slug}`,
  });
}
