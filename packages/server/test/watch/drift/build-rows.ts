/** Rows of provenance. */
import { type Row, row } from './row.ts';
import { attested, foreignProvenance } from './row-cases.ts';
import { bareRevision, provenance, repository, usualRevision } from './scene.ts';

/** See `Row`. */
export const buildRows: readonly Row[] = [
  row(
    'provenance.lost',
    ['high', 'deny'],
    [{ facts: { provenance: [] } }],
    [
      { facts: { provenance: 'unknown' } },
      { facts: { provenance: [] }, revision: bareRevision },
      { facts: { provenance: [] }, revision: { provenance: { ...usualRevision.provenance, present: 'sometimes' } } },
      attested({ outcome: 'unverifiable' }),
    ],
  ),
  row(
    'provenance.invalid',
    ['critical', 'deny'],
    [attested({ outcome: 'invalid' }), { revision: bareRevision, ...attested({ outcome: 'invalid' }) }],
    [
      attested({ outcome: 'unverifiable' }),
      { facts: { provenance: [provenance(), provenance({ outcome: 'invalid' })] } },
    ],
  ),
  row(
    'provenance.unverifiable',
    ['high', 'deny'],
    [
      attested({ outcome: 'unverifiable' }),
      {
        ...attested({ outcome: 'unverifiable' }),
        revision: { provenance: { ...usualRevision.provenance, present: 'sometimes' } },
      },
    ],
    [{ revision: bareRevision, ...attested({ outcome: 'unverifiable' }) }, attested({ outcome: 'invalid' })],
  ),
  row(
    'provenance.source_changed',
    ['high', 'deny'],
    [attested({ repository: `${repository}-fork` }), attested({ repository: undefined, owner: undefined })],
    [
      {},
      { facts: { provenance: [provenance({ repository: `${repository}-fork` }), provenance()] } },
      {
        ...attested({ repository: `${repository}-fork` }),
        revision: { provenance: { ...usualRevision.provenance, repositories: [] } },
      },
    ],
  ),
  row(
    'provenance.source_changed',
    ['high', 'deny'],
    [{ facts: { provenance: [foreignProvenance, provenance({ repository: `${repository}-fork` })] } }],
    [],
  ),
  row(
    'provenance.source_changed',
    ['critical', 'deny'],
    [attested({ repository: 'https://github.com/evil/app', owner: 'https://github.com/evil' })],
    [],
  ),
  row(
    'provenance.builder_changed',
    ['high', 'deny'],
    [attested({ builder: 'https://builder.evil.example' })],
    [
      {},
      { facts: { provenance: [provenance({ builder: 'https://builder.evil.example' }), provenance()] } },
      {
        ...attested({ builder: 'https://builder.example' }),
        revision: { provenance: { ...usualRevision.provenance, builders: [] } },
      },
    ],
  ),
  row(
    'provenance.subject_mismatch',
    ['critical', 'deny'],
    [attested({ isAboutSubject: false })],
    [{}, attested({ isAboutSubject: false, outcome: 'unverifiable' })],
  ),
  row(
    'provenance.subject_mismatch',
    ['low', 'allow'],
    [{ facts: { provenance: [provenance(), provenance({ isAboutSubject: false })] } }],
    [],
  ),
  row(
    'provenance.level_drop',
    ['medium', 'warn'],
    [attested({ level: 1 })],
    [{}, attested({ level: 3 }), { facts: { provenance: [provenance({ level: 1 }), provenance()] } }],
  ),
  row(
    'provenance.commit_unlinked',
    ['medium', 'warn'],
    [
      attested({ isCommitLinked: false }),
      { facts: { provenance: [provenance(), provenance({ isCommitLinked: false })] } },
    ],
    [{}, attested({ isCommitLinked: 'unknown' })],
  ),
];
