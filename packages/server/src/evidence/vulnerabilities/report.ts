/** The vulnerabilities of an SBOM: matched offline against the imported snapshots, answered by VEX, always with the snapshots' dates. */
import { type Purl, parsePurl } from '@signpost/protocol/sbom/purl';
import { findVersionScheme } from '@signpost/protocol/versions/order';
import type { Query } from '../../storage/database.ts';
import { namePackage } from '../sboms/component-columns.ts';
import { listComponents, type SbomComponentRow, type SbomRow } from '../sboms/store.ts';
import { judgeVersion } from './affected.ts';
import { keyOfComponent } from './ecosystems.ts';
import type { Affected } from './osv.ts';
import { type SeverityLevel, severityLevels } from './severity.ts';
import {
  type KnownAffected,
  listAffected,
  listSnapshots,
  listVexStatements,
  type SnapshotRow,
  type VexStatementRow,
} from './store.ts';

/** What a publisher says to a vulnerability. */
interface Suppression {
  readonly status: 'not_affected' | 'fixed';
  readonly justification: string | undefined;
  readonly detail: string | undefined;
  readonly author: string | undefined;
  /** Unix milliseconds. */
  readonly statedAt: number;
}

/** A vulnerability of a component. */
export interface FoundVulnerability {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly severity: SeverityLevel;
  readonly score: number | undefined;
  readonly vector: string | undefined;
  readonly component: { readonly name: string; readonly version: string | undefined; readonly purl: string };
  /** Nobody can say whether the version is affected: it counts as if it were. */
  readonly isUndecided: boolean;
  readonly suppressedBy: Suppression | undefined;
}

/** What was found, and in which data. */
export interface VulnerabilityReport {
  /** The worst first. */
  readonly found: readonly FoundVulnerability[];
  /** The snapshots of the ecosystems that components belong to. */
  readonly snapshots: readonly SnapshotRow[];
  /** Ecosystems of components without a snapshot: of these nothing is known. */
  readonly missingEcosystems: readonly string[];
  /** Components that no snapshot could name: without a package URL, a version or a known ecosystem. */
  readonly unmatchedComponents: number;
}

const pageSize = 500;

/** Matches the components of an SBOM in force. */
export async function reportVulnerabilities(query: Query, sbom: SbomRow): Promise<VulnerabilityReport> {
  const snapshots = await listSnapshots(query);
  const statements = await listVexStatements(query, sbom);
  const tally = new Tally();
  const found: FoundVulnerability[] = [];
  for await (const components of walkComponents(query, sbom.id)) {
    const matchable = components.flatMap((component) => tally.note(component));
    const known = Map.groupBy(
      await listAffected(query, [...new Set(matchable.map(({ key }) => key))]),
      (row) => row.package,
    );
    for (const item of matchable)
      for (const vulnerability of matchComponent(item, known.get(item.key) ?? []))
        found.push({ ...vulnerability, suppressedBy: findSuppression(vulnerability, statements) });
  }
  const used = snapshots.filter(({ ecosystem }) => tally.ecosystems.has(ecosystem));
  return {
    found: found.sort(compareFound),
    snapshots: used,
    missingEcosystems: [...tally.ecosystems].filter((name) => !used.some(({ ecosystem }) => ecosystem === name)).sort(),
    unmatchedComponents: tally.unmatched,
  };
}

async function* walkComponents(query: Query, sbomId: string): AsyncGenerator<readonly SbomComponentRow[]> {
  for (let position = -1; ; ) {
    const rows = await listComponents(query, [sbomId], { page: { after: { sbomId, position }, limit: pageSize } });
    yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    position = last.position;
  }
}

interface MatchableComponent {
  readonly key: string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** The distribution that the package URL names: `debian-12`. */
  readonly distribution: string | undefined;
}

/** Which ecosystems occur, and how many components belong to none. */
class Tally {
  readonly ecosystems = new Set<string>();
  unmatched = 0;

  note({ purl, name, version }: SbomComponentRow): readonly MatchableComponent[] {
    const parsed = purl === null ? undefined : parsePurl(purl);
    const source = parsed && readSource(parsed);
    const found = parsed && keyOfComponent(parsed.type, namePackage({ ...parsed, name: source?.name ?? parsed.name }));
    const stated = source?.version ?? parsed?.version ?? version ?? undefined;
    if (purl === null || !parsed || !found || stated === undefined) {
      this.unmatched++;
      return [];
    }
    this.ecosystems.add(found.ecosystem);
    const distribution = parsed.qualifiers.get('distro');
    return [{ key: found.key, type: parsed.type, name, version: stated, purl, distribution }];
  }
}

/** The source of a package of Debian or Ubuntu, whose records name sources alone: `upstream=name` or `name@version`, as syft writes it. */
function readSource({
  type,
  qualifiers,
}: Purl): { readonly name: string; readonly version: string | undefined } | undefined {
  const [, name, version] = /^([^@]+)(?:@(.+))?$/.exec(qualifiers.get('upstream') ?? '') ?? [];
  return type === 'deb' && name !== undefined ? { name, version } : undefined;
}

type Unanswered = Omit<FoundVulnerability, 'suppressedBy'>;

/** Each vulnerability once, though several of its entries may match. */
function matchComponent(component: MatchableComponent, known: readonly KnownAffected[]): readonly Unanswered[] {
  const found = new Map<string, Unanswered>();
  for (const row of known) {
    if (!isSameBranch(component, row.branch)) continue;
    const affected = JSON.parse(row.affected) as Affected;
    const verdict = judgeVersion(affected, component.version, findVersionScheme(component.type));
    if (verdict === 'unaffected' || found.get(row.id)?.isUndecided === false) continue;
    found.set(row.id, describe(row, component, verdict === 'unknown'));
  }
  return [...found.values()];
}

/** `debian-12` and `12` are the same; a component that names no distribution may be of any. */
function isSameBranch({ distribution, type }: MatchableComponent, branch: string | null): boolean {
  if (branch === null || type !== 'deb' || distribution === undefined) return true;
  return distribution === branch || distribution.endsWith(`-${branch}`);
}

function describe(row: KnownAffected, { name, version, purl }: MatchableComponent, isUndecided: boolean): Unanswered {
  return {
    ...{ id: row.id, aliases: JSON.parse(row.aliases) as string[], summary: row.summary, severity: row.severity },
    ...{ score: row.score_tenths === null ? undefined : row.score_tenths / 10, vector: row.vector ?? undefined },
    ...{ component: { name, version, purl }, isUndecided },
  };
}

/** The last statement about the vulnerability, under any of its names, and the component decides. */
function findSuppression(
  { id, aliases, component }: Unanswered,
  statements: readonly (VexStatementRow & { author: string | null })[],
): Suppression | undefined {
  const names = new Set([id, ...aliases]);
  const last = statements.findLast(
    ({ vulnerability, purl }) => names.has(vulnerability) && covers(purl, component.purl),
  );
  if (last?.status !== 'not_affected' && last?.status !== 'fixed') return undefined;
  return {
    ...{ status: last.status, justification: last.justification ?? undefined, detail: last.detail ?? undefined },
    ...{ author: last.author ?? undefined, statedAt: last.stated_at },
  };
}

/** A statement without a package URL is about all; one without a version about each version. Both stand in canonical form. */
function covers(stated: string | null, component: string): boolean {
  if (stated === null || stated === component) return true;
  const [left, right] = [parsePurl(stated), parsePurl(component)];
  const isSamePackage = left.type === right.type && namePackage(left) === namePackage(right);
  return isSamePackage && (left.version === undefined || left.version === right.version);
}

function compareFound(left: FoundVulnerability, right: FoundVulnerability): number {
  const order = severityLevels.indexOf(left.severity) - severityLevels.indexOf(right.severity);
  return order || (right.score ?? 0) - (left.score ?? 0) || (left.id < right.id ? -1 : 1);
}
