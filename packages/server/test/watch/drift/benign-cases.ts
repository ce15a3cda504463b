/** Changes that were no attack, as they would have been seen: research/tofu.md, 2.4 and 4.12. */
import type { DriftKind } from '../../../src/watch/drift/kinds.ts';
import { attestedOnly, attestedRevision, byToken } from './incidents.ts';
import {
  accepted,
  bareFacts,
  bareRevision,
  byKey,
  type Case,
  hex,
  hour,
  keyless,
  keyRevision,
  person,
  provenance,
  publisher,
  repository,
  usualRevision,
  workflow,
} from './scene.ts';

/** A change without an attack. `named`: the table says that it is told, and asks a person. */
export interface BenignCase {
  readonly name: string;
  readonly sighting: Case;
  readonly findings: readonly DriftKind[];
  readonly named?: true;
}

/** Changes that were none. */
export const benignCases: readonly BenignCase[] = [
  {
    name: 'the signing workflow moved to another repository (CRI-O, 2023)',
    sighting: {
      facts: {
        signatures: [keyless(workflow({ repository: 'https://github.com/org/packaging', repositoryId: '23' }))],
      },
    },
    findings: ['identity.new_repo'],
    named: true,
  },
  {
    name: 'the registry left out its old key (npm, 2025)',
    sighting: { facts: { publisher: publisher({ registrySignature: 'invalid' }) } },
    findings: ['registry.signature_lost'],
    named: true,
  },
  {
    name: 'a signing service ends (Docker Notary, 2026)',
    sighting: {
      revision: { ...keyRevision, kinds: ['tuf'], formats: ['inline'] },
      facts: bareFacts,
    },
    findings: ['signature.lost'],
    named: true,
  },
  {
    name: 'a key is rotated without a word',
    sighting: { revision: keyRevision, facts: { ...bareFacts, signatures: [byKey(hex('b'))] } },
    findings: ['key.new'],
    named: true,
  },
  {
    name: 'the registry’s clean-up took a signature away',
    sighting: { facts: { signatures: [] }, history: { wasSigned: true } },
    findings: ['signature.withdrawn'],
    named: true,
  },
  {
    name: 'a maintainer joins who publishes by token, as always',
    sighting: { revision: bareRevision, facts: { ...bareFacts, publisher: { ...byToken, account: 'joe' } } },
    findings: ['publisher.account_changed'],
    named: true,
  },
  {
    name: 'a back-port on a line that was never attested',
    sighting: { place: { line: '4' }, revision: bareRevision, facts: bareFacts },
    findings: [],
  },
  {
    name: 'a pre-release on a line that is signed now and then',
    sighting: {
      place: { line: 'pre' },
      revision: {
        ...{ signed: 'sometimes', sbom: 'sometimes', announced: 'never' },
        provenance: { ...usualRevision.provenance, present: 'sometimes' },
      },
      facts: { signatures: [], provenance: [], sbom: 'absent', announced: false },
    },
    findings: [],
  },
  {
    name: 'staged publishing, where the registry no longer shows the build',
    sighting: {
      revision: attestedRevision,
      facts: { ...attestedOnly, publisher: publisher({ channel: 'staged', account: 'approver' }) },
    },
    findings: [],
  },
  {
    name: 'a package begins to publish from its own repository',
    sighting: {
      revision: bareRevision,
      facts: { ...bareFacts, ...attestedOnly, publisher: publisher(), provenance: [provenance()] },
    },
    findings: [],
  },
  {
    name: 'the signing tool stores bundles instead of signature tags (cosign 3)',
    sighting: { revision: { formats: ['sig-tag'] } },
    findings: ['signature.format_changed'],
  },
  {
    name: 'the repository was renamed',
    sighting: {
      revision: {
        provenance: { ...usualRevision.provenance, repositories: [repository, 'https://github.com/org/new'] },
      },
      facts: {
        signatures: [keyless(workflow({ repository: 'https://github.com/org/new' }))],
        provenance: [provenance({ repository: 'https://github.com/org/new' })],
      },
    },
    findings: ['identity.renamed'],
  },
  {
    name: 'a key is rotated as announced',
    sighting: {
      revision: {
        ...keyRevision,
        keys: [
          { key: hex('a'), state: 'retired' },
          { key: hex('b'), state: 'accepted' },
        ],
      },
      facts: { ...bareFacts, signatures: [byKey(hex('b'))] },
    },
    findings: [],
  },
  {
    name: 'a distributor signs beside the publisher',
    sighting: { facts: { signatures: [keyless(), keyless(person)] } },
    findings: ['identity.extra'],
  },
  {
    name: 'the registry answers 401, 429 and 500',
    sighting: {
      facts: {
        ...{ signatures: 'unknown', provenance: 'unknown', publisher: 'unknown', sbom: 'unknown' },
        announced: 'unknown',
      },
    },
    findings: [],
  },
  {
    name: 'the tag comes half an hour after the package',
    sighting: { facts: { announced: false }, history: { ageMs: hour / 2 } },
    findings: [],
  },
  {
    name: 'a mirror lags behind for some minutes',
    sighting: { history: { mirrors: [{ name: 'mirror', content: hex('4'), differsMs: hour / 6 }] } },
    findings: ['mirror.divergence'],
  },
  {
    name: 'a moving tag moves',
    sighting: { history: { tag: { name: 'latest', isImmutable: false, before: hex('2') } } },
    findings: [],
  },
  {
    name: 'a stranger attaches a broken signature to a good image',
    sighting: {
      facts: { signatures: [keyless(), keyless(undefined, { outcome: 'invalid', reason: 'signature_invalid' })] },
    },
    findings: ['signature.invalid'],
  },
  {
    name: 'two signers take turns, both accepted',
    sighting: {
      revision: { identities: [accepted(), accepted(person)] },
      facts: { signatures: [keyless(person)] },
    },
    findings: [],
  },
];
