/** Statements of the tests, as their writers have them. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseStatement, type Statement } from '@signpost/protocol/intoto/statement';

/** A digest of the right length. */
export function fakeDigest(octets: number, fill = 'a'): string {
  return fill.repeat(octets * 2);
}

/** What actions/attest-build-provenance writes. */
export const githubStatement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app-1.2.3.tgz', digest: { sha256: fakeDigest(32) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: {
          ref: 'refs/tags/v1.2.3',
          repository: 'https://github.com/acme/app',
          path: '.github/workflows/release.yml',
        },
      },
      internalParameters: {
        github: {
          event_name: 'push',
          repository_id: '123456',
          repository_owner_id: '4321',
          runner_environment: 'github-hosted',
        },
      },
      resolvedDependencies: [
        { uri: 'git+https://github.com/acme/app@refs/tags/v1.2.3', digest: { gitCommit: fakeDigest(20, '2') } },
      ],
    },
    runDetails: {
      builder: { id: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3' },
      metadata: { invocationId: 'https://github.com/acme/app/actions/runs/1/attempts/1' },
    },
  },
};

/** What the SLSA GitHub generator writes. */
export const generatorStatement = {
  _type: 'https://in-toto.io/Statement/v0.1',
  subject: [{ name: 'app-1.2.3.tgz', digest: { sha256: fakeDigest(32) } }],
  predicateType: 'https://slsa.dev/provenance/v0.2',
  predicate: {
    builder: {
      id: 'https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.1.0',
    },
    buildType: 'https://github.com/slsa-framework/slsa-github-generator/generic@v1',
    invocation: {
      configSource: {
        uri: 'git+https://github.com/acme/app@refs/tags/v1.2.3',
        digest: { sha1: fakeDigest(20, '2') },
        entryPoint: '.github/workflows/release.yml',
      },
      parameters: { level: 1.5 },
      environment: { github_event_name: 'push', '1': 'one' },
    },
    metadata: {
      buildInvocationId: '1-1',
      buildStartedOn: '2026-11-21T10:00:00+01:00',
      buildFinishedOn: '',
      completeness: { parameters: true, environment: false, materials: false },
      reproducible: false,
    },
    materials: [{ uri: 'git+https://github.com/acme/app@refs/tags/v1.2.3', digest: { sha1: fakeDigest(20, '2') } }],
  },
};

/** What npm's command writes on GitLab. */
export const npmGitLabStatement = {
  _type: 'https://in-toto.io/Statement/v0.1',
  subject: [{ name: 'pkg:npm/%40acme/app@1.2.3', digest: { sha512: fakeDigest(64) } }],
  predicateType: 'https://slsa.dev/provenance/v0.2',
  predicate: {
    buildType: 'https://github.com/npm/cli/gitlab/v0alpha1',
    builder: { id: 'https://gitlab.com/acme/app/-/runners/12270852' },
    invocation: {
      configSource: {
        uri: 'git+https://gitlab.com/acme/app',
        digest: { sha1: fakeDigest(20, '2') },
        entryPoint: 'publish',
      },
      parameters: { CI: 'true' },
      environment: { name: 'runner', architecture: 'linux/amd64', server: 'https://gitlab.com', project: 'acme/app' },
    },
    metadata: {
      buildInvocationId: 'https://gitlab.com/acme/app/-/jobs/1',
      completeness: { parameters: true },
      reproducible: false,
    },
    materials: [{ uri: 'git+https://gitlab.com/acme/app', digest: { sha1: fakeDigest(20, '2') } }],
  },
};

/** What GitLab's own runners write. */
export const gitlabStatement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: fakeDigest(32) } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: 'https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1',
      externalParameters: { source: 'https://gitlab.com/acme/app', entryPoint: 'build', variables: { CI: 'true' } },
      internalParameters: { executor: 'docker' },
      resolvedDependencies: [{ uri: 'https://gitlab.com/acme/app', digest: { gitCommit: fakeDigest(20, '2') } }],
    },
    runDetails: { builder: { id: 'https://gitlab.com/groups/acme/-/runners/1' } },
  },
};

/** Parses what a writer has written. */
export function parse(statement: object): Statement {
  return parseStatement(encodeText(JSON.stringify(statement)));
}
