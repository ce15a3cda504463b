/** Provenance of a release's file, by the signer of the tests. */
import { mint } from '../../packages/protocol/test/sigstore/minted.ts';
import type { SeededServer } from './seed.ts';

/** A definition of a build that names its source. */
const fromForge = {
  buildType: 'https://forge.example/build/v1',
  externalParameters: {
    workflow: { repository: 'https://forge.example/team/tool', ref: 'refs/tags/v1', path: '.ci/release.yml' },
  },
  resolvedDependencies: [
    { uri: 'git+https://forge.example/team/tool@refs/tags/v1', digest: { gitCommit: 'ab'.repeat(20) } },
  ],
};

/** A bundle about the first file of a release, and the digest of that file. */
export async function mintProvenance(
  { admin }: SeededServer,
  version: string,
  { project = 'compass', buildDefinition = fromForge }: { project?: string; buildDefinition?: object } = {},
) {
  const { artifacts } = await admin.call('GET', `/api/projects/${project}/releases/${version}`);
  const payload = JSON.stringify({
    ...{ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' },
    subject: [{ name: artifacts[0].name, digest: { sha256: artifacts[0].sha256 } }],
    predicate: {
      buildDefinition,
      runDetails: {
        builder: { id: 'https://forge.example/runner' },
        metadata: { invocationId: 'https://forge.example/run/1' },
      },
    },
  });
  const bundle = new TextEncoder().encode(JSON.stringify(await mint({ payload })));
  return { sha256: String(artifacts[0].sha256), bundle };
}
