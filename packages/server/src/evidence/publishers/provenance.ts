/** Provenance of what a build uploaded, as far as its token tells (slsa.dev/provenance/v1; docs/trusted-publishing.md). */
import type { ProvenanceToWrite } from '@signpost/protocol/intoto/write-statement';
import type { Query } from '../../storage/database.ts';
import type { BuildClaims } from './claims.ts';
import { findGrantOf } from './store.ts';

/** Says how the parameters are meant (docs/trusted-publishing.md). */
const tokenUploadType = 'urn:signpost:build-type:token-upload:v1';

/** The claims of the build that uploaded an artifact; undefined for what came another way. */
export async function readBuild(query: Query, artifactId: string): Promise<BuildClaims | undefined> {
  const grant = await findGrantOf(query, artifactId);
  return grant && (JSON.parse(grant.claims) as BuildClaims);
}

/**
 * What we saw: a run of this workflow at this commit held a token of its platform and uploaded the artifact. Not that the artifact was made
 * from that commit, nor when: no times, and a builder that is in no table of levels.
 */
export function describeProvenance(claims: BuildClaims): ProvenanceToWrite {
  const { issuer, repositoryUri: repository, workflow: path, ref, commit } = claims;
  const named = Object.entries({
    ...{ platform: claims.platform, issuer, subject: claims.subject, repositoryId: claims.repositoryId },
    ...{ runner: claims.runner, trigger: claims.trigger, environment: claims.environment },
    ...{ actor: claims.actor, actorId: claims.actorId },
  }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    builderId: `${issuer.replace(/\/$/, '')}/${claims.repository}/${path}@${ref}`,
    buildType: tokenUploadType,
    externalParameters: { workflow: { repository, ref, path } },
    internalParameters: { token: Object.fromEntries(named) },
    dependencies: [{ uri: `git+${repository}@${ref}`, digests: new Map([['gitCommit', commit]]) }],
    invocationId: claims.runUri,
    startedOn: undefined,
    finishedOn: undefined,
  };
}
