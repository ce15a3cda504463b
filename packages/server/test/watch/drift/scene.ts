/** A line that is signed keyless with provenance by one repository, and what differs from it. */
import type { KnownIdentity, Revision } from '../../../src/watch/baseline/revision.ts';
import type { Sighting } from '../../../src/watch/drift/classify.ts';
import type { ArtifactHistory } from '../../../src/watch/drift/difference.ts';
import type { FactSet, ProvenanceFact, PublisherFact, SignatureFact } from '../../../src/watch/facts/fact-set.ts';
import type { Identity } from '../../../src/watch/facts/identity.ts';

export const hour = 3_600_000;
export const repository = 'https://github.com/org/app';

/** A SHA-256 in hex that is made of one digit. */
export const hex = (digit: string): string => digit.repeat(64);

/** The workflow that releases `https://github.com/org/app`, with what differs. */
export function workflow(differs: Partial<Identity> = {}): Identity {
  const home = differs.repository ?? repository;
  return {
    issuer: 'https://token.actions.githubusercontent.com',
    subject: `${home}/.github/workflows/release.yml`,
    ownerId: '11',
    repositoryId: '22',
    owner: home.slice(0, home.lastIndexOf('/')),
    repository: home,
    workflow: `${home}/.github/workflows/release.yml`,
    refType: 'tag',
    trigger: 'push',
    runner: 'github-hosted',
    visibility: 'public',
    ...differs,
  };
}

/** Another repository of another owner. */
export const stranger = workflow({ repository: 'https://github.com/evil/app', ownerId: '66', repositoryId: '67' });

/** A person, known by an address. */
export const person: Identity = { issuer: 'https://accounts.example.org', subject: 'jane@example.org' };

/** A verified keyless signature. */
export function keyless(identity: Identity = workflow(), differs: Partial<SignatureFact> = {}): SignatureFact {
  return {
    ...{ kind: 'keyless', format: 'bundle', outcome: 'verified', transparency: 'included', identity },
    ...differs,
  };
}

/** A verified signature by a key. */
export function byKey(key: string = hex('a'), differs: Partial<SignatureFact> = {}): SignatureFact {
  return { kind: 'key', format: 'detached', outcome: 'verified', transparency: 'none', key, ...differs };
}

/** Verified provenance from the repository. */
export function provenance(differs: Partial<ProvenanceFact> = {}): ProvenanceFact {
  return {
    ...{ outcome: 'verified', isAboutSubject: true, builder: 'https://github.com/actions/runner/github-hosted' },
    ...{ repository, owner: 'https://github.com/org', level: 2, isCommitLinked: true },
    ...differs,
  };
}

/** How it was published: by the build itself. */
export function publisher(differs: Partial<PublisherFact> = {}): PublisherFact {
  return { channel: 'trusted-publisher', account: 'ci', registrySignature: 'verified', ...differs };
}

/** Somebody who was accepted. */
export function accepted(identity: Identity = workflow()): KnownIdentity {
  return { identity, state: 'accepted' };
}

export const usualFacts: FactSet = {
  signatures: [keyless()],
  isCapped: false,
  provenance: [provenance()],
  publisher: publisher(),
  sbom: 'about-subject',
  announced: true,
  content: hex('1'),
  publishedAt: Date.UTC(2026, 0, 1),
};

export const usualRevision: Revision = {
  state: 'established',
  identities: [accepted()],
  keys: [],
  signed: 'always',
  kinds: ['keyless'],
  formats: ['bundle'],
  transparency: 'included',
  provenance: {
    ...{ present: 'always', repositories: [repository], owners: ['https://github.com/org'], level: 2 },
    builders: ['https://github.com/actions/runner/github-hosted'],
  },
  publisher: { channel: 'trusted-publisher', accounts: ['ci'], registrySigned: 'always' },
  sbom: 'always',
  declaredRepository: repository,
  announced: 'always',
  excused: [],
};

/** A line that nobody ever signed or attested. */
export const bareRevision: Revision = {
  ...usualRevision,
  ...{ identities: [], kinds: [], formats: [], signed: 'never', transparency: 'none', sbom: 'never' },
  provenance: { present: 'never', repositories: [], owners: [], builders: [], level: 0 },
  publisher: { channel: 'token', accounts: ['jane'], registrySigned: 'always' },
};

/** What goes with `bareRevision`. */
export const bareFacts: FactSet = {
  ...usualFacts,
  ...{ signatures: [], provenance: [], sbom: 'absent' },
  publisher: publisher({ channel: 'token', account: 'jane' }),
};

/** A line that one key signs, without anything else. */
export const keyRevision: Revision = {
  ...bareRevision,
  ...{ keys: [{ key: hex('a'), state: 'accepted' }], kinds: ['key'], formats: ['detached'], signed: 'always' },
};

export const noHistory: ArtifactHistory = { wasSigned: false, mirrors: [], ageMs: 2 * hour };

/** What differs from a line where everything is as ever. */
export interface Case {
  readonly place?: Partial<Sighting['place']>;
  readonly revision?: Partial<Revision>;
  readonly facts?: Partial<FactSet>;
  readonly history?: Partial<ArtifactHistory>;
  readonly minimumAgeMs?: number;
}

/** The sighting of a case. */
export function sightingOf({ place, revision, facts, history, minimumAgeMs }: Case): Sighting {
  return {
    place: { source: 'oci:ghcr.io/org/app', line: '1', isInUse: false, isDevelopment: false, ...place },
    revision: { ...usualRevision, ...revision },
    facts: { ...usualFacts, ...facts },
    history: { ...noHistory, ...history },
    minimumAgeMs,
  };
}
