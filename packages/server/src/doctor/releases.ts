/** The doctor on releases: manifests that do not hold, and against whom projects are protected. */
import { TrustError } from '@signpost/protocol/errors';
import { Refusal } from '../errors.ts';
import { listCurrentManifests } from '../releases/lifecycle/store.ts';
import { readServedManifest } from '../releases/public/publication.ts';
import { describeProtection } from '../trust/status.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';
import { listProjectSlugs } from './store.ts';

/** Manifests in service that do not verify, or end soon. */
export async function examineReleases(dependencies: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const { database, now } = dependencies;
  const findings: Finding[] = [];
  for (const { slug, channel, expires_at } of await listCurrentManifests(database.query, organisationId)) {
    const refused = await readServedManifest(dependencies, organisationId, { slug, channel }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused instanceof Refusal) {
      findings.push({
        level: 'error',
        code: 'manifest-unverifiable',
        message: `the manifest of ${slug} (${channel}) does not verify and is not served`,
        hint: 'see the log for the reason; activating or approving the release again makes a new manifest',
      });
    } else if (expires_at - now() < 14 * dayMs) {
      findings.push({
        level: 'warning',
        code: 'manifest-expiring',
        message: `the manifest of ${slug} (${channel}) expires in ${Math.floor((expires_at - now()) / dayMs)} days`,
        hint: 'unlock the vault so that it can be signed again, or approve it again',
      });
    }
  }
  return findings;
}

/** What a stolen server could do, project by project. */
export async function examineProtection(dependencies: DoctorDependencies, organisationId: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const slug of await listProjectSlugs(dependencies.database.query, organisationId)) {
      const { protects } = await describeProtection(dependencies, organisationId, slug);
      findings.push(describeProtectionFinding(slug, protects));
    }
  } catch (error) {
    // Trust lists that do not verify are a finding of their own.
    if (!(error instanceof TrustError)) throw error;
  }
  return findings;
}

function describeProtectionFinding(
  slug: string,
  protects: Awaited<ReturnType<typeof describeProtection>>['protects'],
): Finding {
  const code = `protection-${protects}`;
  switch (protects) {
    case 'every-client':
      return {
        level: 'info',
        code,
        message: `${slug}: a stolen server cannot publish to any client`,
        hint: 'nothing to do',
      };
    case 'clients-that-know-scopes':
      return {
        level: 'info',
        code,
        message: `${slug}: a stolen server cannot publish to clients that know scopes; older clients accept any key of the trust list`,
        hint: 'to protect older clients too, move the project to an organisation whose trust list holds no server key',
      };
    case 'nobody':
      return {
        level: 'info',
        code,
        message: `${slug}: whoever steals the running server can sign releases until the key is revoked`,
        hint: `signpost root set-project ${slug} --approvals 1, with a maintainer's key`,
      };
  }
}
