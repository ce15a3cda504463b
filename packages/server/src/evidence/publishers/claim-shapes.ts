/** How the platforms name what they say of a build in their OIDC tokens, as data. */
import type { PublisherTable } from '../../storage/tables/publishers.ts';

/** A platform whose tokens are read. */
export type Platform = PublisherTable['platform'];

/** Which claim says what. */
export interface ClaimShape {
  readonly repositoryId: string;
  readonly repository: string;
  /** The whole ref, `refs/heads/main`. */
  readonly ref: string;
  readonly commit: string;
  readonly environment: string;
  readonly runner: string;
  readonly trigger: string;
  /** Who started the run, and their number. */
  readonly actor: string;
  readonly actorId: string;
  readonly run: string;
  /** Tells repeated runs of one number apart. */
  readonly attempt: string;
  /** `PLACE` + separator + `path@ref`, where PLACE is the repository. */
  readonly workflow: { readonly claim: string; readonly separator: string; readonly withHost: boolean };
  /** Names the workflow that the job stands in, where it may be another one than the run's. */
  readonly jobWorkflow: string | undefined;
  /** Behind the address of the repository: where to look at the run. */
  readonly runPath: (run: string, attempt: string | undefined) => string;
}

/** The shapes, by platform. */
export const claimShapes: Readonly<Record<Platform, ClaimShape>> = {
  // https://docs.github.com/actions/reference/security/oidc
  github: {
    ...{ repositoryId: 'repository_id', repository: 'repository', ref: 'ref', commit: 'sha' },
    ...{ environment: 'environment', runner: 'runner_environment', trigger: 'event_name' },
    ...{ actor: 'actor', actorId: 'actor_id', run: 'run_id', attempt: 'run_attempt' },
    workflow: { claim: 'workflow_ref', separator: '/', withHost: false },
    jobWorkflow: 'job_workflow_ref',
    runPath: (run, attempt) => `/actions/runs/${run}${attempt === undefined ? '' : `/attempts/${attempt}`}`,
  },
  // https://docs.gitlab.com/ci/secrets/id_token_authentication/
  gitlab: {
    ...{ repositoryId: 'project_id', repository: 'project_path', ref: 'ref_path', commit: 'sha' },
    ...{ environment: 'environment', runner: 'runner_environment', trigger: 'pipeline_source' },
    ...{ actor: 'user_login', actorId: 'user_id', run: 'pipeline_id', attempt: 'job_id' },
    workflow: { claim: 'ci_config_ref_uri', separator: '//', withHost: true },
    jobWorkflow: undefined,
    runPath: (run, job) => (job === undefined ? `/-/pipelines/${run}` : `/-/jobs/${job}`),
  },
};

const githubTokens = 'token.actions.';

/** The origin at which an issuer's repositories are: GitHub's issuer is a host of its own. */
export function findOrigin(platform: Platform, issuer: string): string {
  const { origin, hostname, host } = new URL(issuer);
  if (platform === 'gitlab' || !hostname.startsWith(githubTokens)) return origin;
  return hostname === 'token.actions.githubusercontent.com'
    ? 'https://github.com'
    : `https://${host.slice(githubTokens.length)}`;
}
