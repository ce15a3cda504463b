/** What happened to others, as it would have been seen: research/tofu.md, 2.4. */
import type { DriftKind } from '../../../src/watch/drift/kinds.ts';
import {
  bareFacts,
  bareRevision,
  byKey,
  type Case,
  hex,
  hour,
  keyless,
  keyRevision,
  provenance,
  publisher,
  workflow,
} from './scene.ts';

/** What the watch makes of an attack. `partly`: of some of it, or without a gate that denies. */
export type Verdict = 'caught' | 'partly' | 'blind';

/** One incident; each sighting is an artifact, or a time, at which it could have been seen. */
export interface Incident {
  readonly name: string;
  readonly what: string;
  readonly sightings: readonly Case[];
  /** Of each sighting, all findings from the worst. */
  readonly findings: readonly (readonly DriftKind[])[];
  readonly verdict: Verdict;
}

/** By a person's token. */
export const byToken = publisher({ channel: 'token', account: 'jane' });
/** Attested by the build; the announcement is not looked at. */
export const attestedOnly = { signatures: [keyless()], announced: undefined, sbom: 'absent' } as const;
/** What is usual of that. */
export const attestedRevision = { sbom: 'never', announced: 'never', formats: ['bundle'] } as const;
const stolenToken: Case = {
  revision: attestedRevision,
  facts: { ...attestedOnly, signatures: [], provenance: [], publisher: byToken },
};
const stolenTokenFindings: readonly DriftKind[] = [
  'signature.lost',
  'provenance.lost',
  'publisher.channel_downgrade',
  'publisher.account_changed',
];
/** Published by a token, as always: nothing that could be missing. */
const neverAttested: Case = {
  revision: { ...bareRevision, announced: 'sometimes' },
  facts: { ...bareFacts, announced: false },
};
/** A gpg-signed tarball of a distribution's upstream. */
const tarball = { revision: { ...keyRevision, kinds: ['gpg'] }, facts: bareFacts } as const;
const gpg = (digit: string) => byKey(hex(digit), { kind: 'gpg' });
const signedTag = { name: 'v35', isImmutable: true, before: hex('2') };

/** The 20 attacks. */
export const incidents: readonly Incident[] = [
  {
    name: 'rspack, December 2024',
    what: 'a stolen npm token, a version without provenance',
    sightings: [stolenToken],
    findings: [stolenTokenFindings],
    verdict: 'caught',
  },
  {
    name: 'Ultralytics 8.3.41, December 2024',
    what: 'a poisoned cache in the real pipeline',
    sightings: [{ revision: attestedRevision, facts: attestedOnly }],
    findings: [[]],
    verdict: 'blind',
  },
  {
    name: 'Ultralytics 8.3.45, December 2024',
    what: 'a stolen PyPI token',
    sightings: [stolenToken],
    findings: [stolenTokenFindings],
    verdict: 'caught',
  },
  {
    name: 'tj-actions, March 2025',
    what: 'all tags moved to one commit that the bot had not signed',
    sightings: [{ ...tarball, facts: bareFacts, history: { tag: signedTag } }],
    findings: [['tag.mutated', 'signature.lost']],
    verdict: 'caught',
  },
  {
    name: 'eslint-config-prettier, July 2025',
    what: 'a phished token, versions without attestation',
    sightings: [stolenToken],
    findings: [stolenTokenFindings],
    verdict: 'caught',
  },
  {
    name: 'nx, August 2025',
    what: 'a stolen token, no provenance',
    sightings: [stolenToken],
    findings: [stolenTokenFindings],
    verdict: 'caught',
  },
  {
    name: 'chalk and debug, September 2025',
    what: 'a phished account of packages that were never attested',
    sightings: [{ ...neverAttested, history: { hourly: { now: 18, usual: 1 } } }],
    findings: [['release.burst']],
    verdict: 'blind',
  },
  {
    name: 'Shai-Hulud, September and November 2025',
    what: 'stolen tokens, hundreds of packages, some of them attested before',
    sightings: [stolenToken, { ...neverAttested, history: { hourly: { now: 20, usual: 2 } } }],
    findings: [stolenTokenFindings, ['release.burst']],
    verdict: 'partly',
  },
  {
    name: 'Trivy action, March 2026',
    what: '75 of 77 tags moved',
    sightings: [{ revision: bareRevision, facts: bareFacts, history: { tag: { ...signedTag, name: '0.28.0' } } }],
    findings: [['tag.mutated']],
    verdict: 'caught',
  },
  {
    name: 'Trivy 0.69.4, March 2026',
    what: 'built by the real pipeline, for all registries',
    sightings: [{}],
    findings: [[]],
    verdict: 'blind',
  },
  {
    name: 'Trivy on Docker Hub, March 2026',
    what: 'pushed with stolen credentials, no release, not on the other registry',
    sightings: [
      {
        facts: { signatures: [], provenance: [], publisher: undefined, sbom: 'absent', announced: false },
        history: { mirrors: [{ name: 'ghcr.io/aquasecurity/trivy', content: hex('3'), differsMs: 2 * hour }] },
      },
    ],
    findings: [['signature.lost', 'provenance.lost', 'mirror.divergence', 'release.out_of_band', 'sbom.lost']],
    verdict: 'caught',
  },
  {
    name: 'LiteLLM, March 2026',
    what: 'uploaded past the repository; never attested',
    sightings: [{ revision: bareRevision, facts: { ...bareFacts, announced: false } }],
    findings: [['release.out_of_band']],
    verdict: 'partly',
  },
  {
    name: 'axios, March 2026',
    what: 'published by hand: no trusted publisher, provenance or tag, another address',
    sightings: [
      {
        revision: { sbom: 'never' },
        facts: { signatures: [], provenance: [], publisher: byToken, sbom: 'absent', announced: false },
      },
    ],
    findings: [[...stolenTokenFindings, 'release.out_of_band']],
    verdict: 'caught',
  },
  {
    name: 'Bitwarden CLI, April 2026',
    what: 'a hijacked third-party action in the real pipeline, without the usual release',
    sightings: [{ facts: { announced: false } }],
    findings: [['release.out_of_band']],
    verdict: 'partly',
  },
  {
    name: 'TanStack, May 2026',
    what: 'a token taken from the runner: valid provenance of the real workflow',
    sightings: [{ revision: attestedRevision, facts: attestedOnly, history: { hourly: { now: 84, usual: 10 } } }],
    findings: [['release.burst']],
    verdict: 'blind',
  },
  {
    name: 'AntV, May 2026',
    what: 'valid provenance, minted for packages that had none, and by another owner',
    sightings: [
      {
        revision: attestedRevision,
        facts: {
          ...attestedOnly,
          signatures: [
            keyless(workflow({ repository: 'https://github.com/worm/app', ownerId: '66', repositoryId: '67' })),
          ],
          provenance: [provenance({ repository: 'https://github.com/worm/app', owner: 'https://github.com/worm' })],
        },
      },
    ],
    findings: [['identity.new_owner', 'provenance.source_changed']],
    verdict: 'caught',
  },
  {
    name: 'Codecov, January 2021',
    what: 'other bytes under the same URL',
    sightings: [{ revision: bareRevision, facts: bareFacts, history: { versionContent: hex('2') } }],
    findings: [['version.content_changed']],
    verdict: 'caught',
  },
  {
    name: 'xz, 2023 and 2024',
    what: 'a new maintainer’s key, accepted long before the back door',
    sightings: [
      { ...tarball, facts: { ...bareFacts, signatures: [gpg('b')] } },
      {
        revision: { ...tarball.revision, keys: [{ key: hex('b'), state: 'accepted' }] },
        facts: { ...bareFacts, signatures: [gpg('b')] },
      },
    ],
    findings: [['key.new'], []],
    verdict: 'partly',
  },
  {
    name: '3CX 2023, SolarWinds 2020',
    what: 'built and signed by the vendor itself',
    sightings: [
      {
        revision: { ...keyRevision, kinds: ['x509'] },
        facts: { ...bareFacts, signatures: [byKey(hex('a'), { kind: 'x509' })] },
      },
    ],
    findings: [[]],
    verdict: 'blind',
  },
  {
    name: 'OpenAI, May 2026',
    what: 'stolen signing certificates, until and after they were taken back',
    sightings: [
      { revision: keyRevision, facts: { ...bareFacts, signatures: [byKey()] } },
      {
        revision: {
          ...keyRevision,
          keys: [
            { key: hex('a'), state: 'revoked' },
            { key: hex('b'), state: 'accepted' },
          ],
        },
        facts: { ...bareFacts, signatures: [byKey()] },
      },
    ],
    findings: [[], ['key.revoked_seen']],
    verdict: 'partly',
  },
];
