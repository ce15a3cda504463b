/** Facts about an artifact for the tests of policies. */
import type {
  ArtifactEvidence,
  ProvenanceFacts,
  ReleaseEvidence,
  SbomFacts,
  VerifiedSignature,
} from '../../src/policy/evidence.ts';

export const pem = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`;

export const now = Date.UTC(2026, 10, 21);
export const day = 86_400_000;

export const identity = {
  issuer: 'https://token.actions.githubusercontent.com',
  repository: 'https://github.com/acme/tool',
  workflow: '.github/workflows/release.yml',
};

const workflowUri = 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1';

export const signature: VerifiedSignature = {
  signer: {
    kind: 'certificate',
    claims: {
      issuer: identity.issuer,
      subject: { kind: 'uri', value: workflowUri },
      buildSignerUri: workflowUri,
      buildConfigUri: workflowUri,
      sourceRepositoryUri: identity.repository,
    },
  },
  trustRoot: 'sigstore',
  logEntries: 1,
  scts: 1,
  timestamps: 0,
  signedAt: now - day,
};

export const provenance: ProvenanceFacts = {
  signature,
  builder: 'https://builder.example',
  buildType: 'https://build.example/v1',
  source: identity.repository,
  level: 2,
};

export const sbom: SbomFacts = {
  format: 'cyclonedx',
  components: 3,
  gaps: [],
  vulnerabilities: { found: [], snapshotAt: now - day, lookedUp: 3, missing: [] },
};

export function verified<T>(value: T): { readonly state: 'verified'; readonly document: string; readonly value: T } {
  return { state: 'verified', document: 'document', value };
}

export function releaseOf(change: Partial<ArtifactEvidence> = {}, approvals = 0): ReleaseEvidence {
  const artifact: ArtifactEvidence = {
    name: 'app.zip',
    sha256: 'ab'.repeat(32),
    signatures: [verified(signature)],
    provenance: [verified(provenance)],
    sboms: [verified(sbom)],
    scan: { state: 'clean', scannedAt: now - day },
    ...change,
  };
  return { artifacts: [artifact], approvals };
}
