/** Rows of who signs, and of whether it is on record. */
import { nameSigner } from '../../../src/watch/drift/signers.ts';
import { type Row, row } from './row.ts';
import { signedBy } from './row-cases.ts';
import {
  accepted,
  bareFacts,
  bareRevision,
  byKey,
  hex,
  keyless,
  keyRevision,
  person,
  repository,
  stranger,
  workflow,
} from './scene.ts';

const vouched = new Map([[nameSigner(keyless(stranger)), 'somebody known']]);

/** See `Row`. */
export const identityRows: readonly Row[] = [
  row(
    'identity.new_issuer',
    ['critical', 'deny'],
    [
      signedBy(workflow({ issuer: 'https://idp.evil.example' })),
      { revision: keyRevision, facts: { ...bareFacts, signatures: [keyless(stranger)] } },
    ],
    [{}, signedBy(workflow(), workflow({ issuer: 'https://idp.evil.example' }))],
  ),
  row(
    'identity.new_owner',
    ['critical', 'deny'],
    [
      signedBy(stranger),
      // A transfer keeps the repository's number.
      signedBy(workflow({ repository: 'https://github.com/evil/app', ownerId: '66' })),
      {
        revision: { identities: [accepted(person)] },
        ...signedBy({ ...person, subject: 'mallory@example.org' }),
      },
      { revision: { identities: [accepted(person)] }, ...signedBy(workflow({ issuer: person.issuer })) },
      // Somebody who may not sign any more still tells who is a stranger.
      { revision: { identities: [{ identity: workflow(), state: 'revoked' }] }, ...signedBy(stranger) },
    ],
    [
      { revision: { identities: [accepted(), accepted(stranger)] }, ...signedBy(stranger) },
      { revision: { identities: [accepted(person)] }, ...signedBy(person) },
    ],
  ),
  row(
    'identity.id_changed',
    ['critical', 'deny'],
    [
      signedBy(workflow({ repositoryId: '99' })),
      signedBy(workflow({ ownerId: '99' })),
      signedBy(workflow({ repositoryId: undefined })),
    ],
    [
      {},
      // Numbers appeared: whoever was known by name is still known by name.
      { revision: { identities: [accepted(workflow({ ownerId: undefined, repositoryId: undefined }))] } },
    ],
  ),
  row(
    'identity.new_repo',
    ['high', 'deny'],
    [
      signedBy(workflow({ repository: 'https://github.com/org/packaging', repositoryId: '23' })),
      {
        revision: { identities: [accepted(workflow({ repositoryId: undefined }))] },
        ...signedBy(workflow({ repository: 'https://github.com/org/packaging', repositoryId: undefined })),
      },
    ],
    [signedBy(workflow({ repository: 'https://github.com/org/new-name' })), signedBy(stranger)],
  ),
  row(
    'identity.new_workflow',
    ['high', 'deny'],
    [
      signedBy(workflow({ workflow: `${repository}/.github/workflows/ci.yml` })),
      signedBy(workflow({ subject: `${repository}/.github/workflows/ci.yml` })),
    ],
    [{}, signedBy(workflow({ repository: 'https://github.com/org/new-name' }))],
  ),
  row(
    'identity.new_ref_type',
    ['high', 'deny'],
    [signedBy(workflow({ refType: 'branch' })), signedBy(workflow({ refType: 'other' }))],
    [{}],
  ),
  row('identity.new_ref_type', ['critical', 'deny'], [signedBy(workflow({ refType: 'pull-request' }))], []),
  row(
    'identity.context_changed',
    ['medium', 'warn'],
    [
      signedBy(workflow({ trigger: 'workflow_dispatch' })),
      signedBy(workflow({ runner: 'self-hosted' })),
      signedBy(workflow({ visibility: 'private' })),
    ],
    [
      {},
      {
        revision: { identities: [accepted(), accepted(workflow({ runner: 'self-hosted' }))] },
        ...signedBy(workflow({ runner: 'self-hosted' })),
      },
    ],
  ),
  row(
    'identity.renamed',
    ['low', 'allow'],
    [
      signedBy(workflow({ repository: 'https://github.com/org/new-name' })),
      signedBy(workflow({ repository: 'https://github.com/new-org/app' })),
      // The owner has another name, and the platform still shows the repository under the old one.
      signedBy(workflow({ owner: 'https://github.com/new-org' })),
      {
        revision: { identities: [accepted(workflow({ owner: 'https://github.com/x' }))] },
        ...signedBy(workflow({ owner: 'https://github.com/x', repository: 'https://github.com/org/new-name' })),
      },
    ],
    [{}],
  ),
  row(
    'identity.extra',
    ['low', 'allow'],
    [signedBy(workflow(), stranger), { facts: { signatures: [keyless(), byKey()] } }],
    [
      signedBy(stranger),
      { revision: { identities: [accepted(), accepted(stranger)] }, ...signedBy(workflow(), stranger) },
    ],
  ),
  row(
    'identity.vouched',
    ['low', 'allow'],
    [
      { ...signedBy(stranger), history: { vouched } },
      { ...signedBy(workflow(), stranger), history: { vouched } },
    ],
    [
      signedBy(stranger),
      { ...signedBy(person), history: { vouched } },
      { history: { vouched } },
      { ...signedBy(stranger), revision: { identities: [accepted(), accepted(stranger)] }, history: { vouched } },
      {
        ...signedBy(stranger),
        revision: { identities: [accepted(), { identity: stranger, state: 'revoked' }] },
        history: { vouched },
      },
    ],
  ),
  row(
    'identity.retired_seen',
    ['high', 'deny'],
    [{ revision: { identities: [accepted(stranger), { identity: workflow(), state: 'retired' }] } }],
    [
      {},
      // What is decided about the very tuple counts, not what is decided about one like it.
      { revision: { identities: [accepted(), { identity: workflow({ runner: 'self-hosted' }), state: 'retired' }] } },
    ],
  ),
  row(
    'identity.revoked_seen',
    ['critical', 'deny'],
    [
      { revision: { identities: [accepted(), { identity: workflow(), state: 'revoked' }] } },
      { revision: { identities: [accepted(), { identity: stranger, state: 'rejected' }] }, ...signedBy(stranger) },
      // Beside a known signer, under a new name, from another runner.
      {
        revision: { identities: [accepted(), { identity: stranger, state: 'revoked' }] },
        ...signedBy(workflow(), { ...stranger, runner: 'self-hosted' }),
      },
      {
        revision: { identities: [{ identity: workflow(), state: 'revoked' }] },
        ...signedBy(workflow({ repository: 'https://github.com/org/new-name' })),
      },
      {
        revision: { ...bareRevision, identities: [{ identity: stranger, state: 'rejected' }] },
        facts: { ...bareFacts, signatures: [keyless(stranger)] },
      },
    ],
    [
      {},
      { revision: { identities: [accepted(), { identity: stranger, state: 'revoked' }] } },
      { revision: { identities: [accepted(), { identity: workflow({ runner: 'self-hosted' }), state: 'rejected' }] } },
    ],
  ),
  row(
    'key.new',
    ['high', 'deny'],
    [
      { revision: keyRevision, facts: { ...bareFacts, signatures: [byKey(hex('b'))] } },
      { facts: { signatures: [byKey()] } },
      // A known key does not vouch for the root above it.
      { revision: keyRevision, facts: { ...bareFacts, signatures: [byKey(), { ...byKey(hex('b')), kind: 'tuf' }] } },
    ],
    [
      { revision: keyRevision, facts: { ...bareFacts, signatures: [byKey()] } },
      { revision: bareRevision, facts: { ...bareFacts, signatures: [byKey()] } },
      // A known root does for another.
      {
        revision: keyRevision,
        facts: {
          ...bareFacts,
          signatures: [byKey(), byKey(hex('b'))].map((one) => ({ ...one, kind: 'tuf' as const })),
        },
      },
    ],
  ),
  row(
    'key.retired_seen',
    ['high', 'deny'],
    [{ revision: { ...keyRevision, keys: [{ key: hex('a'), state: 'retired' }] }, facts: { signatures: [byKey()] } }],
    [{ revision: keyRevision, facts: { signatures: [byKey()] } }],
  ),
  row(
    'key.revoked_seen',
    ['critical', 'deny'],
    [{ revision: { ...keyRevision, keys: [{ key: hex('a'), state: 'revoked' }] }, facts: { signatures: [byKey()] } }],
    [{ revision: keyRevision, facts: { signatures: [byKey()] } }],
  ),
  row(
    'key.weak',
    ['medium', 'warn'],
    [{ revision: keyRevision, facts: { signatures: [byKey(undefined, { weakness: 'weak' })] } }],
    [
      { revision: keyRevision, facts: { signatures: [byKey()] } },
      { facts: { signatures: [keyless(), byKey(undefined, { weakness: 'weak' })] } },
    ],
  ),
  row(
    'key.expired_at_signing',
    ['medium', 'warn'],
    [{ revision: keyRevision, facts: { signatures: [byKey(undefined, { weakness: 'expired' })] } }],
    [{ revision: keyRevision, facts: { signatures: [byKey(undefined, { weakness: 'weak' })] } }],
  ),
  row(
    'tlog.missing',
    ['high', 'deny'],
    [
      { facts: { signatures: [keyless(undefined, { transparency: 'none' })] } },
      { facts: { signatures: [keyless(undefined, { transparency: 'promised' })] } },
      { facts: { signatures: [keyless(undefined, { transparency: 'none' })] }, revision: { transparency: 'promised' } },
      // What a stranger put on record does not make up for it.
      { facts: { signatures: [keyless(undefined, { transparency: 'none' }), keyless(stranger)] } },
    ],
    [
      { facts: { signatures: [keyless(undefined, { transparency: 'none' }), keyless()] } },
      { facts: { signatures: [keyless(undefined, { transparency: 'none' })] }, revision: { transparency: 'none' } },
      {
        facts: { signatures: [keyless(undefined, { transparency: 'promised' })] },
        revision: { transparency: 'promised' },
      },
    ],
  ),
];
