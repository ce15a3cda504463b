/** Rows of signatures and of evidence out of nowhere. */
import type { SignatureFact } from '../../../src/watch/facts/fact-set.ts';
import { type Row, row } from './row.ts';
import { foreignProvenance, invalid, packaging, unsigned, unverifiable } from './row-cases.ts';
import {
  bareFacts,
  bareRevision,
  byKey,
  hex,
  keyless,
  keyRevision,
  person,
  provenance,
  repository,
  stranger,
  workflow,
} from './scene.ts';

const claimed = { present: 'always', issuers: ['gpg AA'] } as const;
const claiming = (issuer: string): SignatureFact => ({ ...unverifiable, kind: 'gpg', issuer });

/** See `Row`. */
export const signatureRows: readonly Row[] = [
  row(
    'signature.lost',
    ['high', 'deny'],
    [unsigned],
    [
      { ...unsigned, revision: { signed: 'sometimes' } },
      { ...unsigned, revision: { signed: 'never' } },
      { ...unsigned, history: { wasSigned: true } },
      { facts: { signatures: 'unknown' } },
      { facts: { signatures: [unverifiable] } },
    ],
  ),
  row(
    'signature.withdrawn',
    ['medium', 'allow'],
    [{ ...unsigned, history: { wasSigned: true } }],
    [{ history: { wasSigned: true } }, { facts: { signatures: 'unknown' }, history: { wasSigned: true } }, unsigned],
  ),
  row(
    'signature.invalid',
    ['critical', 'deny'],
    [{ facts: { signatures: [invalid] } }, { facts: { signatures: [invalid, keyless(stranger)] } }],
    [{}, { facts: { signatures: [unverifiable] } }],
  ),
  row('signature.invalid', ['low', 'allow'], [{ facts: { signatures: [invalid, keyless()] } }], []),
  row(
    'signature.unverifiable',
    ['high', 'deny'],
    [
      { facts: { signatures: [unverifiable] } },
      { facts: { signatures: [unverifiable] }, revision: { signed: 'sometimes' } },
      { facts: { signatures: [unverifiable] }, revision: { ...keyRevision, signed: 'never' } },
    ],
    [
      { facts: { signatures: [unverifiable] }, revision: { signed: 'never' } },
      {
        facts: { signatures: [unverifiable] },
        revision: { signed: 'never', keys: [{ key: hex('a'), state: 'retired' }] },
      },
      { facts: { signatures: [unverifiable, keyless()] } },
      { facts: { signatures: [unverifiable, invalid] } },
    ],
  ),
  // Signatures that nobody could judge, dropped or by another key than they all said.
  row(
    'signature.lost',
    ['medium', 'deny'],
    [{ ...unsigned, revision: { signed: 'never', claimed } }],
    [{ ...unsigned, revision: { signed: 'never', claimed: { ...claimed, present: 'sometimes' } } }],
  ),
  row(
    'key.claim_changed',
    ['medium', 'warn'],
    [
      { facts: { signatures: [claiming('BB')] }, revision: { signed: 'never', claimed } },
      { facts: { signatures: [{ ...claiming('AA'), kind: 'minisign' }] }, revision: { signed: 'never', claimed } },
    ],
    [
      { facts: { signatures: [claiming('AA')] }, revision: { signed: 'never', claimed } },
      { facts: { signatures: [claiming('BB'), claiming('AA')] }, revision: { signed: 'never', claimed } },
      { facts: { signatures: [claiming('BB'), keyless()] }, revision: { claimed } },
      { facts: { signatures: [{ ...claiming('BB'), outcome: 'invalid' }] }, revision: { claimed } },
      { facts: { signatures: [unverifiable] }, revision: { signed: 'never', claimed } },
      { facts: { signatures: [claiming('BB')] }, revision: { signed: 'never' } },
    ],
  ),
  row(
    'signature.kind_downgrade',
    ['high', 'deny'],
    [
      { facts: { signatures: [byKey()] } },
      { facts: { signatures: [byKey()] }, revision: { kinds: ['x509'] } },
      { facts: { signatures: [byKey(undefined, { kind: 'x509' })] } },
      {
        revision: { keys: [{ key: hex('a'), state: 'accepted' }] },
        facts: { signatures: [byKey(), keyless(stranger)] },
      },
    ],
    [
      { facts: { signatures: [byKey(undefined, { kind: 'gpg' })] }, revision: keyRevision },
      { facts: { signatures: [byKey(undefined, { kind: 'tuf' })] }, revision: { kinds: ['x509', 'keyless'] } },
      { facts: { signatures: [byKey()] }, revision: { kinds: ['keyless', 'minisign'] } },
      { facts: { signatures: [byKey()] }, revision: { kinds: ['keyless', 'ssh'] } },
      { facts: { signatures: [byKey()] }, revision: { kinds: [] } },
      ...(['key', 'gpg', 'ssh', 'minisign'] as const).flatMap((before) =>
        (['key', 'gpg', 'ssh', 'minisign'] as const).map((kind) => ({
          facts: { signatures: [byKey(undefined, { kind })] },
          revision: { ...keyRevision, kinds: [before] },
        })),
      ),
      {
        facts: { signatures: [keyless(), byKey()] },
        revision: { keys: [{ key: hex('a'), state: 'accepted' as const }] },
      },
    ],
  ),
  row(
    'signature.format_changed',
    ['note', 'allow'],
    [{ facts: { signatures: [keyless(undefined, { format: 'referrer' })] } }],
    [
      { revision: { formats: ['sig-tag', 'bundle'] } },
      { facts: { signatures: [keyless(), keyless(undefined, { format: 'referrer' })] } },
      { revision: { formats: [] } },
      { facts: { signatures: [keyless(stranger, { format: 'referrer' })] } },
    ],
  ),
  row('signature.too_many', ['medium', 'warn'], [{ facts: { isCapped: true } }], [{}]),
  row(
    'signature.coverage_drop',
    ['medium', 'allow'],
    [{ revision: { signed: 'sometimes' }, history: { coverage: { before: 900, now: 699 } } }],
    [
      { revision: { signed: 'sometimes' }, history: { coverage: { before: 900, now: 700 } } },
      { revision: { signed: 'sometimes' }, history: { coverage: { before: 699, now: 900 } } },
      { history: { coverage: { before: 900, now: 100 } } },
    ],
  ),
  row(
    'evidence.gained_unknown',
    ['medium', 'warn'],
    [
      {
        revision: { ...bareRevision, declaredRepository: undefined },
        facts: { ...bareFacts, signatures: [keyless(stranger)] },
      },
      { revision: bareRevision, facts: { ...bareFacts, signatures: [byKey()] } },
      { revision: bareRevision, facts: { ...bareFacts, signatures: [keyless(person)] } },
      {
        revision: bareRevision,
        facts: { ...bareFacts, signatures: [keyless(workflow({ repository: `${repository}-packaging` }))] },
      },
      {
        revision: bareRevision,
        facts: { ...bareFacts, provenance: [provenance({ repository: `${repository}-packaging` })] },
      },
      {
        revision: bareRevision,
        facts: { ...bareFacts, provenance: [provenance({ repository: undefined, owner: undefined })] },
      },
      {
        revision: bareRevision,
        facts: { ...bareFacts, signatures: [keyless(stranger), keyless(packaging)] },
      },
      {
        revision: bareRevision,
        facts: { ...bareFacts, provenance: [foreignProvenance, provenance({ repository: `${repository}-packaging` })] },
      },
    ],
    [
      { revision: bareRevision, facts: { ...bareFacts, signatures: [keyless()] } },
      { revision: bareRevision, facts: { ...bareFacts, provenance: [provenance()] } },
      { revision: bareRevision, facts: { ...bareFacts, signatures: [keyless(stranger), keyless()] } },
      {
        revision: { ...bareRevision, declaredRepository: undefined },
        facts: { ...bareFacts, provenance: [provenance()] },
      },
      { facts: { signatures: [keyless(stranger)] } },
      {
        revision: { ...bareRevision, identities: [{ identity: stranger, state: 'rejected' }] },
        facts: { ...bareFacts, signatures: [keyless(stranger)] },
      },
    ],
  ),
  row(
    'evidence.gained_unknown',
    ['high', 'warn'],
    [
      { revision: bareRevision, facts: { ...bareFacts, signatures: [keyless(stranger)] } },
      {
        revision: bareRevision,
        facts: {
          ...bareFacts,
          provenance: [provenance({ repository: 'https://github.com/evil/app', owner: 'https://github.com/evil' })],
        },
      },
      {
        // Another stranger than the one who was turned away.
        revision: { ...bareRevision, identities: [{ identity: person, state: 'rejected' }] },
        facts: { ...bareFacts, signatures: [keyless(stranger)] },
      },
    ],
    [],
  ),
];
