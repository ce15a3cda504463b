/** The table of drift, row by row: a case that fires, and its harmless neighbours that do not. */
import type { Identity } from '../../../src/watch/facts/identity.ts';
import { buildRows } from './build-rows.ts';
import { identityRows } from './identity-rows.ts';
import { type Row, row } from './row.ts';
import { invalid, mirror, publishedBy, signedBy, unsigned } from './row-cases.ts';
import { accepted, type Case, hex, hour, keyless, noHistory, person, stranger, workflow } from './scene.ts';
import { signatureRows } from './signature-rows.ts';

const publishingRows: readonly Row[] = [
  row(
    'publisher.channel_downgrade',
    ['high', 'deny'],
    [
      publishedBy({ channel: 'token' }),
      publishedBy({ channel: 'none', account: undefined }),
      {
        ...publishedBy({ channel: 'none', account: undefined }),
        revision: { publisher: { channel: 'token', accounts: ['ci'], registrySigned: 'always' } },
      },
      {
        ...publishedBy({ channel: 'token' }),
        revision: { publisher: { channel: 'staged', accounts: ['ci'], registrySigned: 'always' } },
      },
    ],
    [
      {},
      publishedBy({ channel: 'staged' }),
      publishedBy({ channel: 'unknown' }),
      {
        ...publishedBy({ channel: 'none', account: undefined }),
        revision: { publisher: { channel: 'none', accounts: [], registrySigned: 'always' } },
      },
      { facts: { publisher: 'unknown' } },
      { facts: { publisher: undefined } },
      { ...publishedBy({ channel: 'token' }), revision: { publisher: undefined } },
      {
        ...publishedBy({ channel: 'token' }),
        revision: { publisher: { channel: 'unknown', accounts: ['ci'], registrySigned: 'always' } },
      },
    ],
  ),
  row(
    'publisher.account_changed',
    ['medium', 'warn'],
    [publishedBy({ account: 'mallory' })],
    [
      {},
      publishedBy({ account: undefined }),
      publishedBy({ account: 'approver', channel: 'staged' }),
      {
        ...publishedBy({ account: 'mallory' }),
        revision: { publisher: { channel: 'trusted-publisher', accounts: [], registrySigned: 'always' } },
      },
    ],
  ),
  row(
    'registry.signature_lost',
    ['medium', 'warn'],
    [
      publishedBy({ registrySignature: 'absent' }),
      publishedBy({ registrySignature: 'invalid' }),
      publishedBy({ registrySignature: 'none-ever' }),
    ],
    [
      {},
      publishedBy({ registrySignature: 'unknown' }),
      {
        ...publishedBy({ registrySignature: 'none-ever' }),
        revision: { publisher: { channel: 'token', accounts: ['ci'], registrySigned: 'never' } },
      },
      {
        ...publishedBy({ registrySignature: 'absent' }),
        revision: { publisher: { channel: 'token', accounts: ['ci'], registrySigned: 'sometimes' } },
      },
    ],
  ),
  row(
    'sbom.lost',
    ['low', 'allow'],
    [{ facts: { sbom: 'absent' } }],
    [{}, { facts: { sbom: 'unknown' } }, { facts: { sbom: 'absent' }, revision: { sbom: 'sometimes' } }],
  ),
  row(
    'sbom.subject_mismatch',
    ['high', 'deny'],
    [{ facts: { sbom: 'about-another' } }, { facts: { sbom: 'about-another' }, revision: { sbom: 'never' } }],
    [{}, { facts: { sbom: 'absent' } }],
  ),
  row(
    'release.out_of_band',
    ['medium', 'warn'],
    [{ facts: { announced: false } }],
    [
      {},
      { facts: { announced: 'unknown' } },
      { facts: { announced: undefined } },
      { facts: { announced: false }, history: { ageMs: hour } },
      { facts: { announced: false }, history: { ageMs: undefined } },
      { facts: { announced: false }, revision: { announced: 'sometimes' } },
    ],
  ),
];

const tag = { name: 'v1.0.0', isImmutable: true, before: hex('2') };

const historyRows: readonly Row[] = [
  row(
    'tag.mutated',
    ['high', 'deny'],
    [{ history: { tag } }],
    [
      { history: { tag: { ...tag, isImmutable: false } } },
      { history: { tag: { ...tag, before: undefined } } },
      { history: { tag: { ...tag, before: hex('1') } } },
    ],
  ),
  row(
    'tag.mutated',
    ['critical', 'deny'],
    [
      { history: { tag }, ...unsigned },
      { history: { tag }, facts: { provenance: [] } },
      { history: { tag, wasSigned: true }, ...unsigned },
    ],
    [],
  ),
  row(
    'version.content_changed',
    ['critical', 'deny'],
    [{ history: { versionContent: hex('2') } }],
    [{ history: { versionContent: hex('1') } }, {}],
  ),
  row(
    'mirror.divergence',
    ['high', 'deny'],
    [
      { history: { mirrors: [mirror] } },
      { history: { mirrors: [{ ...mirror, differsMs: hour }] } },
      { history: { mirrors: [mirror, { ...mirror, name: 'two', differsMs: 1 }] } },
    ],
    [{ history: { mirrors: [{ ...mirror, content: hex('1') }] } }],
  ),
  row('mirror.divergence', ['note', 'allow'], [{ history: { mirrors: [{ ...mirror, differsMs: hour - 1 }] } }], []),
  row(
    'release.burst',
    ['medium', 'warn'],
    [{ history: { hourly: { now: 5, usual: 1 } } }, { history: { hourly: { now: 41, usual: 10 } } }],
    [{ history: { hourly: { now: 4, usual: 0 } } }, { history: { hourly: { now: 40, usual: 10 } } }],
  ),
  row(
    'release.cooldown',
    ['note', 'hold'],
    [{ minimumAgeMs: 2 * hour + 1 }],
    [{ minimumAgeMs: 2 * hour }, {}, { minimumAgeMs: 3 * hour, history: { ageMs: undefined } }],
  ),
];

const trusted = (threshold: number, version: number): Case => ({ facts: { trust: { threshold, version } } });

const trustRows: readonly Row[] = [
  {
    ...row(
      'trust.threshold_lowered',
      ['high', 'deny'],
      [{ ...trusted(1, 5), revision: { trustThreshold: 2 } }],
      [
        { ...trusted(2, 5), revision: { trustThreshold: 2 } },
        { ...trusted(3, 5), revision: { trustThreshold: 2 } },
        trusted(1, 5),
        { revision: { trustThreshold: 2 } },
      ],
    ),
    after: '2 → 1',
  },
  {
    ...row(
      'trust.rolled_back',
      ['high', 'deny'],
      [{ ...trusted(2, 4), history: { trustVersion: 5 } }],
      [
        { ...trusted(2, 5), history: { trustVersion: 5 } },
        { ...trusted(2, 6), history: { trustVersion: 5 } },
        trusted(2, 4),
        { history: { trustVersion: 5 } },
      ],
    ),
    after: '5 → 4',
  },
];

/** What weighs in beside the kind: the state of the line, and the place. */
const weightRows: readonly Row[] = [
  row('signature.lost', ['critical', 'deny'], [{ ...unsigned, place: { isInUse: true } }], []),
  row('signature.lost', ['medium', 'deny'], [{ ...unsigned, place: { isDevelopment: true } }], []),
  row('signature.lost', ['critical', 'deny'], [{ ...unsigned, place: { isInUse: true, isDevelopment: true } }], []),
  row(
    'signature.lost',
    ['high', 'deny'],
    [
      { ...unsigned, revision: { state: 'declared' } },
      { ...unsigned, revision: { state: 'frozen' } },
    ],
    [],
  ),
  row('signature.lost', ['medium', 'warn'], [{ ...unsigned, revision: { state: 'learning' } }], []),
  row('signature.lost', ['note', 'allow'], [{ ...unsigned, revision: { state: 'cold' } }], []),
  row('signature.invalid', ['note', 'allow'], [{ facts: { signatures: [invalid] }, revision: { state: 'cold' } }], []),
  row('identity.extra', ['low', 'allow'], [{ ...signedBy(workflow(), stranger), place: { isInUse: true } }], []),
  row(
    'signature.format_changed',
    ['note', 'allow'],
    [{ facts: { signatures: [keyless(undefined, { format: 'inline' })] }, place: { isInUse: true } }],
    [],
  ),
  row('release.cooldown', ['note', 'hold'], [{ minimumAgeMs: 5 * hour, revision: { state: 'learning' } }], []),
  row(
    'signature.coverage_drop',
    ['low', 'allow'],
    [
      {
        revision: { signed: 'sometimes' },
        history: { ...noHistory, coverage: { before: 900, now: 100 } },
        place: { isDevelopment: true },
      },
    ],
    [],
  ),
];

const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((name) => ({ ...person, subject: name, owner: undefined })) as [
  Identity,
  Identity,
  Identity,
];

/** What a finding says was before and is now, where it is chosen among several. */
const endRows: readonly Row[] = [
  {
    ...row(
      'identity.new_owner',
      ['critical', 'deny'],
      [
        { revision: { identities: [accepted(ann), accepted(bob)] }, ...signedBy(eve) },
        { revision: { identities: [accepted(bob), accepted(ann)] }, ...signedBy(eve) },
      ],
      [],
    ),
    after: `ann (by ${person.issuer}) → eve (by ${person.issuer})`,
  },
  ...(['none', 'promised'] as const).map((transparency) => ({
    ...row(
      'tlog.missing',
      ['high', 'deny'],
      [
        { facts: { signatures: [keyless(undefined, { transparency })] } },
        { facts: { signatures: [keyless(undefined, { transparency }), keyless(undefined, { transparency: 'none' })] } },
      ],
      [],
    ),
    after: `included → ${transparency}`,
  })),
];

/** All rows. A kind may have several, one for each severity that it can take. */
export const rows: readonly Row[] = [
  ...signatureRows,
  ...identityRows,
  ...buildRows,
  ...publishingRows,
  ...historyRows,
  ...trustRows,
  ...weightRows,
  ...endRows,
];
