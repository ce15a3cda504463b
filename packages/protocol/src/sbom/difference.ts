/** What changed between two SBOMs: components added, removed, upgraded, downgraded, and their licences. */
import { findVersionScheme, orderVersions, type VersionScheme } from '../versions/order.ts';
import type { Component, Sbom } from './component.ts';
import { parsePurl } from './purl.ts';

/** A component as it counts here: the same name and ecosystem is the same component, in whichever version. */
export interface DifferingComponent {
  readonly name: string;
  /** Package URL type; `undefined` for components without a valid package URL. */
  readonly ecosystem: string | undefined;
  readonly versions: readonly string[];
  readonly licences: readonly string[];
}

/** A component that stands in both. */
export interface ChangedComponent {
  readonly name: string;
  readonly ecosystem: string | undefined;
  /** Only what the other does not have. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What changed from one SBOM to another, each list by name. */
export interface SbomDifference {
  readonly added: readonly DifferingComponent[];
  readonly removed: readonly DifferingComponent[];
  readonly upgraded: readonly ChangedComponent[];
  readonly downgraded: readonly ChangedComponent[];
  /** Other versions, of which nobody can say which are later. */
  readonly changed: readonly ChangedComponent[];
  /** The same component under other licences. */
  readonly relicensed: readonly ChangedComponent[];
}

/** A component as far as the difference looks at it. */
export type ComparedComponent = Pick<Component, 'name' | 'version' | 'purl' | 'licences'>;

/** The difference from `before` to `after`. What a document is about is left out: it is another version in each. */
export function compareSboms(before: Sbom, after: Sbom): SbomDifference {
  return compareComponents(listParts(before), listParts(after));
}

function listParts({ components, described }: Sbom): readonly Component[] {
  const roots = new Set(described);
  return components.filter(({ ref }) => !roots.has(ref));
}

/** The same for lists of components. */
export function compareComponents(
  before: readonly ComparedComponent[],
  after: readonly ComparedComponent[],
): SbomDifference {
  const [old, young] = [groupComponents(before), groupComponents(after)];
  const both = [...young].flatMap(([key, component]) => {
    const earlier = old.get(key);
    return earlier ? [{ earlier, later: component }] : [];
  });
  const changes = both.flatMap(({ earlier, later }) => compareVersions(earlier, later));
  return {
    added: listOnlyIn(young, old),
    removed: listOnlyIn(old, young),
    upgraded: listKind(changes, 'upgraded'),
    downgraded: listKind(changes, 'downgraded'),
    changed: listKind(changes, 'changed'),
    relicensed: both.flatMap(({ earlier, later }) => compareLicences(earlier, later)),
  };
}

type Groups = ReadonlyMap<string, DifferingComponent>;

function groupComponents(components: readonly ComparedComponent[]): Groups {
  const groups = new Map<
    string,
    { name: string; ecosystem: string | undefined; versions: Set<string>; licences: Set<string> }
  >();
  for (const component of components) {
    const { key, name, ecosystem } = identify(component);
    const group = groups.get(key) ?? { name, ecosystem, versions: new Set(), licences: new Set() };
    if (component.version !== undefined) group.versions.add(component.version);
    for (const licence of component.licences) group.licences.add(licence);
    groups.set(key, group);
  }
  const sorted = [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map(
    sorted.map(([key, { name, ecosystem, versions, licences }]) => [
      key,
      { name, ecosystem, versions: [...versions].sort(), licences: [...licences].sort() },
    ]),
  );
}

/** By package URL without its version and qualifiers where there is a valid one, else by name. */
function identify({ purl, name }: ComparedComponent): { key: string; name: string; ecosystem: string | undefined } {
  try {
    const { type, namespace = '', name: bare } = parsePurl(purl ?? '');
    return {
      key: `${bare}\n${namespace}\n${type}`,
      name: namespace === '' ? bare : `${namespace}/${bare}`,
      ecosystem: type,
    };
  } catch {
    // No package URL, or none that is valid: the finding about it stands elsewhere.
    return { key: `${name}\n`, name, ecosystem: undefined };
  }
}

function listOnlyIn(groups: Groups, others: Groups): readonly DifferingComponent[] {
  return [...groups].filter(([key]) => !others.has(key)).map(([, component]) => component);
}

interface VersionChange extends ChangedComponent {
  readonly kind: 'upgraded' | 'downgraded' | 'changed';
}

function compareVersions(earlier: DifferingComponent, later: DifferingComponent): readonly VersionChange[] {
  const [earlierVersions, laterVersions] = [new Set(earlier.versions), new Set(later.versions)];
  const before = earlier.versions.filter((version) => !laterVersions.has(version));
  const after = later.versions.filter((version) => !earlierVersions.has(version));
  if (before.length === 0 && after.length === 0) return [];
  return [
    { kind: classify(later.ecosystem, before, after), name: later.name, ecosystem: later.ecosystem, before, after },
  ];
}

/** Later only if every new version is later than every old one; that of many versions at once is rarely so. */
function classify(
  ecosystem: string | undefined,
  before: readonly string[],
  after: readonly string[],
): VersionChange['kind'] {
  const scheme = ecosystem === undefined ? undefined : findVersionScheme(ecosystem);
  if (!scheme) return 'changed';
  const isUpgrade = isBefore(scheme, findLast(scheme, before, 1), findLast(scheme, after, -1));
  if (isUpgrade) return 'upgraded';
  return isBefore(scheme, findLast(scheme, after, 1), findLast(scheme, before, -1)) ? 'downgraded' : 'changed';
}

function isBefore(scheme: VersionScheme, left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && (orderVersions(scheme, left, right) ?? 0) < 0;
}

/** The last version, or with `direction` -1 the first; `undefined` when one of them has no place in the order. */
function findLast(scheme: VersionScheme, versions: readonly string[], direction: 1 | -1): string | undefined {
  let [last] = versions;
  for (const version of versions) {
    const order = last === undefined ? undefined : orderVersions(scheme, version, last);
    if (order === undefined) return undefined;
    if (order * direction > 0) last = version;
  }
  return last;
}

function listKind(changes: readonly VersionChange[], kind: VersionChange['kind']): readonly ChangedComponent[] {
  return changes.filter((change) => change.kind === kind).map(({ kind: _, ...change }) => change);
}

function compareLicences(earlier: DifferingComponent, later: DifferingComponent): readonly ChangedComponent[] {
  const [before, after] = [earlier.licences, later.licences];
  if (before.join('\n') === after.join('\n')) return [];
  return [{ name: later.name, ecosystem: later.ecosystem, before, after }];
}
