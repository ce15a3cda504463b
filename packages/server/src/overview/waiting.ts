/** What waits for a person who may decide: the gravest first, and among equals what has waited longest. */
import type { Query } from '../storage/database.ts';
import { countCases, listCaseFindings, listCases } from '../watch/cases/store.ts';
import { type Severity, severities } from '../watch/drift/kinds.ts';
import { titleOf } from '../watch/drift/titles.ts';
import {
  type Counted,
  listEndingCertificates,
  listProposed,
  listWaitingDeploys,
  listWaitingSubmissions,
  type WaitingFilter,
} from './store.ts';

/** Something that waits. `since` is in Unix milliseconds, and so is the end of a certificate. */
export interface Waiting {
  readonly severity: Severity;
  readonly since: number;
  readonly subject:
    | { readonly kind: 'case'; readonly source: string; readonly finding: string; readonly title: string }
    | { readonly kind: 'submission'; readonly collection: string; readonly id: string; readonly release: string }
    | { readonly kind: 'deploy'; readonly project: string; readonly id: string; readonly version: string }
    | { readonly kind: 'approval'; readonly project: string; readonly version: string }
    | { readonly kind: 'certificate'; readonly id: string; readonly name: string; readonly endsAt: number };
}

const dayMs = 86_400_000;
/** Before that a certificate is a matter of the calendar. */
export const noticeMs: number = 30 * dayMs;
/** What is less grave waits in the inbox of the watch. */
const urgent: readonly Severity[] = ['medium', 'high', 'critical'];

/** The first of what waits in an organisation, at most `limit`, and how much there is in all. */
export async function listWaiting(
  { query, now }: { readonly query: Query; readonly now: number },
  filter: WaitingFilter,
): Promise<{ readonly waiting: readonly Waiting[]; readonly total: number }> {
  const lists = [
    await readCases(query, filter),
    await readCertificates(query, { ...filter, now }),
    await readProposed(query, filter),
    await readDeploys(query, filter),
    await readSubmissions(query, filter),
  ];
  const waiting = lists
    .flatMap(({ rows }) => rows)
    .sort((one, other) => rankOf(other) - rankOf(one) || one.since - other.since)
    .slice(0, filter.limit);
  return { waiting, total: lists.reduce((sum, { total }) => sum + total, 0) };
}

function rankOf({ severity }: Waiting): number {
  return severities.indexOf(severity);
}

async function readCases(query: Query, filter: WaitingFilter): Promise<Counted<Waiting>> {
  const wanted = { ...filter, severities: urgent };
  const cases = await listCases(query, { ...wanted, order: 'gravest', before: undefined });
  const findings = await listCaseFindings(
    query,
    cases.map(({ number }) => number),
  );
  const rows = cases.flatMap(({ number, key }): Waiting[] => {
    const [worst] = findings
      .filter(({ artifact }) => artifact === number)
      .sort((one, other) => severities.indexOf(other.severity) - severities.indexOf(one.severity));
    if (!worst) return [];
    const subject = { kind: 'case' as const, source: key, finding: worst.id, title: titleOf(worst.kind) };
    return [{ severity: worst.severity, since: worst.opened_at, subject }];
  });
  return { rows, total: await countCases(query, wanted) };
}

async function readCertificates(
  query: Query,
  filter: WaitingFilter & { readonly now: number },
): Promise<Counted<Waiting>> {
  const { now } = filter;
  const { rows, total } = await listEndingCertificates(query, { ...filter, until: now + noticeMs });
  return {
    total,
    rows: rows.map(({ id, common_name, names, serial, not_after: endsAt }) => {
      const [first] = JSON.parse(names) as readonly string[];
      const name = common_name || (first?.replace(/^\w+:/, '') ?? serial);
      return {
        ...{ severity: weighEnd(endsAt - now), since: endsAt - noticeMs },
        subject: { kind: 'certificate', id, name, endsAt },
      };
    }),
  };
}

/** How grave it is that a certificate ends in so many milliseconds. */
function weighEnd(leftMs: number): Severity {
  if (leftMs <= dayMs) return 'critical';
  return leftMs <= 7 * dayMs ? 'high' : 'medium';
}

async function readProposed(query: Query, filter: WaitingFilter): Promise<Counted<Waiting>> {
  const { rows, total } = await listProposed(query, filter);
  return {
    total,
    rows: rows.map(({ since, project, version }) => ({
      ...{ severity: 'medium', since },
      subject: { kind: 'approval', project, version },
    })),
  };
}

async function readDeploys(query: Query, filter: WaitingFilter): Promise<Counted<Waiting>> {
  const { rows, total } = await listWaitingDeploys(query, filter);
  return {
    total,
    rows: rows.map(({ since, project, id, version }) => ({
      ...{ severity: 'medium', since },
      subject: { kind: 'deploy', project, id, version },
    })),
  };
}

async function readSubmissions(query: Query, filter: WaitingFilter): Promise<Counted<Waiting>> {
  const { rows, total } = await listWaitingSubmissions(query, filter);
  return {
    total,
    rows: rows.map(({ since, collection, id, module, version }) => ({
      ...{ severity: 'medium', since },
      subject: { kind: 'submission', collection, id, release: `${module} ${version}` },
    })),
  };
}
