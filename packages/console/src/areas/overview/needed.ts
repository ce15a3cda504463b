/** What needs a person now: what waits for a decision and what the doctor found, in one order, each with the page where it is mended. */
import type { Answer } from '../../api/client.ts';
import type { Values } from '../../language/message.ts';
import type { texts } from './texts.en.ts';

type Waiting = Answer<'GET /api/waiting'>['waiting'][number];
type Finding = Answer<'GET /api/doctor'>['findings'][number];

/** One thing, as it is shown. */
export interface Need {
  readonly key: string;
  readonly level: 'bad' | 'attention';
  readonly word: keyof typeof texts;
  /** A text of the console, or a sentence of the server. */
  readonly title: { readonly text: keyof typeof texts; readonly values: Values } | { readonly english: string };
  /** A sentence of the server. */
  readonly english?: string;
  readonly at?: string;
  readonly link: { readonly path: string; readonly values: Readonly<Record<string, string>> };
}

/** What does not work at all stands before what is high: only what is critical is worse. */
const ranks = { critical: 4, error: 3.5, high: 3, medium: 2, warning: 1, low: 0, note: 0 } as const;

/** The `most` gravest, and how many there are beside them; of one gravity in the order of the server, which is by time. */
export function listNeeds(
  { waiting, total, findings }: Answer<'GET /api/waiting'> & { readonly findings: readonly Finding[] },
  most: number,
): { readonly needs: readonly Need[]; readonly more: number } {
  const urgent = findings.filter(isUrgent);
  const ranked = [
    ...waiting.map((one) => ({ rank: ranks[one.severity], need: describeWaiting(one) })),
    ...urgent.map((one) => ({ rank: ranks[one.level], need: describeFinding(one) })),
  ].sort((one, other) => other.rank - one.rank);
  return { needs: ranked.slice(0, most).map(({ need }) => need), more: Math.max(0, total + urgent.length - most) };
}

function isUrgent(finding: Finding): finding is Finding & { readonly level: 'error' | 'warning' } {
  return finding.level !== 'info';
}

function describeWaiting({ severity, since, subject }: Waiting): Need {
  const level = severity === 'medium' ? 'attention' : 'bad';
  const common = { key: JSON.stringify(subject), level, at: since } as const;
  switch (subject.kind) {
    case 'case':
      return {
        ...common,
        ...{ word: `severity_${severity}`, english: subject.title },
        title: { text: 'needsCase', values: { source: subject.source } },
        link: { path: 'watch/findings/{finding}', values: { finding: subject.finding } },
      };
    case 'certificate':
      return {
        ...common,
        ...{ word: 'ends', at: subject.ends_at },
        title: { text: 'needsCertificate', values: { name: subject.name } },
        link: { path: 'certificates/{id}', values: { id: subject.id } },
      };
    case 'approval':
      return {
        ...common,
        word: 'waits',
        title: { text: 'needsApproval', values: { project: subject.project, version: subject.version } },
        link: { path: 'releases/{project}/{version}', values: { project: subject.project, version: subject.version } },
      };
    case 'deploy':
      return {
        ...common,
        word: 'waits',
        title: { text: 'needsDeploy', values: { project: subject.project, version: subject.version } },
        link: {
          path: 'wordpress/{project}/deploys/{deploy}',
          values: { project: subject.project, deploy: subject.id },
        },
      };
    case 'submission':
      return {
        ...common,
        word: 'waits',
        title: { text: 'needsSubmission', values: { release: subject.release, collection: subject.collection } },
        link: {
          path: 'modules/{collection}/submissions/{submission}',
          values: { collection: subject.collection, submission: subject.id },
        },
      };
  }
}

function describeFinding({ level, code, message, hint }: Finding): Need {
  return {
    key: `${code} ${message}`,
    ...(level === 'error' ? { level: 'bad', word: 'level_error' } : { level: 'attention', word: 'level_warning' }),
    ...{ title: { english: message }, english: hint },
    link: { path: places.find(([begin]) => code.startsWith(begin))?.[1] ?? 'system', values: {} },
  };
}

/** Where a finding of the doctor is mended, by how its code begins; the health page has all of them. */
const places: readonly (readonly [begin: string, path: string])[] = [
  ['trust-root-', 'evidence'],
  ['trust-', 'trust'],
  ['no-trust-list', 'trust'],
  ['no-root-pinned', 'trust'],
  ['key-not-in-trust-list', 'trust/keys'],
  ['revoked-key-', 'trust/keys'],
  ['no-signing-key', 'trust/keys'],
  ['log-', 'trust/log'],
  ['audit-', 'system/audit'],
  ['backup-', 'system/backups'],
  ['manifest-', 'releases'],
  ['catalogue-', 'modules'],
  ['icon-', 'modules'],
  ['push-', 'push'],
  ['webhook-', 'push/webhooks'],
  ['wordpress-', 'wordpress'],
  ['crl-', 'certificates/authorities'],
  ['ocsp-', 'certificates/authorities'],
  ['timestamps-', 'certificates/authorities'],
  ['weak-keys-', 'certificates'],
];
