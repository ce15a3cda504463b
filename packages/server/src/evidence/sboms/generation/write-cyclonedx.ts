/** Writes what was found in an upload as CycloneDX 1.6, saying of each component how it is known. */
import { TrustError } from '@signpost/protocol/errors';
import { createPurl, encodePurl } from '@signpost/protocol/sbom/purl';
import type { FoundPackage, PackageEvidence } from './found-package.ts';

/** A file inside the upload, and what it names. */
export interface ReadFile {
  readonly path: string;
  readonly packages: readonly FoundPackage[];
}

/** What the document is about, and who makes it. */
export interface DocumentFacts {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** A random UUID. */
  readonly serial: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly serverVersion: string;
}

/** How sure each kind of evidence makes. */
const confidences: Readonly<Record<PackageEvidence, number>> = {
  'lock file': 0.9,
  'package metadata': 0.8,
  manifest: 0.5,
};

/** The document as JSON; undefined when no package was found: an empty list would say that there is none. */
export function writeCycloneDx(files: readonly ReadFile[], facts: DocumentFacts): string | undefined {
  const components = listComponents(files);
  if (components.length === 0) return undefined;
  const sources = files.filter(({ packages }) => packages.length > 0).map(({ path }) => path);
  return JSON.stringify({
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${facts.serial}`, version: 1 },
    metadata: describeMaking(facts, sources),
    components,
    dependencies: [{ ref: artifactRef, dependsOn: components.map((component) => component['bom-ref']) }],
    // Whatever no file names is not in it.
    compositions: [{ aggregate: 'incomplete', assemblies: [artifactRef] }],
  });
}

const artifactRef = 'artifact';

function describeMaking(facts: DocumentFacts, sources: readonly string[]) {
  return {
    timestamp: new Date(facts.now).toISOString(),
    lifecycles: [{ phase: 'post-build' }],
    tools: { components: [{ type: 'application', name: 'signpost', version: facts.serverVersion }] },
    component: {
      ...{ type: 'application', 'bom-ref': artifactRef, name: facts.name, version: facts.version },
      hashes: [{ alg: 'SHA-256', content: facts.sha256 }],
    },
    properties: [
      { name: 'signpost:generation:method', value: 'lock files and package metadata inside the file' },
      ...sources.map((value) => ({ name: 'signpost:generation:source', value })),
    ],
  };
}

/** Each package once: what says most about it goes first. */
function listComponents(files: readonly ReadFile[]) {
  const found = files.flatMap(({ path, packages }) => packages.map((item) => ({ path, item })));
  const ordered = found.toSorted((left, right) => confidences[right.item.evidence] - confidences[left.item.evidence]);
  const components = new Map<string, ReturnType<typeof describeComponent>>();
  for (const { path, item } of ordered) {
    const purl = nameOrSkip(item);
    if (purl !== undefined && !components.has(purl)) components.set(purl, describeComponent(item, { purl, path }));
  }
  return [...components.values()].sort((left, right) => (left.purl < right.purl ? -1 : 1));
}

/** What cannot be named by a package URL cannot be looked up either. */
function nameOrSkip({ type, namespace, name, version, source }: FoundPackage): string | undefined {
  // As syft has it, and what matches vulnerabilities reads.
  const qualifiers = new Map(source === undefined ? [] : [['upstream', source]]);
  try {
    return encodePurl(createPurl({ type, namespace, name, version, qualifiers }));
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

function describeComponent(item: FoundPackage, { purl, path }: { purl: string; path: string }) {
  const confidence = confidences[item.evidence];
  const methods = [{ technique: 'manifest-analysis', confidence, value: path }];
  return {
    ...{ type: 'library', 'bom-ref': purl, name: item.name, version: item.version, purl },
    // A distribution is no part of the name.
    ...(item.namespace === undefined || item.type === 'deb' ? {} : { group: item.namespace }),
    ...(item.supplier ? { supplier: { name: item.supplier } } : {}),
    ...(item.licences.length === 0 ? {} : { licenses: describeLicences(item.licences) }),
    evidence: { identity: [{ field: 'purl', confidence, methods }] },
    properties: [{ name: 'signpost:generation:evidence', value: item.evidence }],
  };
}

const expressionPattern = /^[A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)*$/;

/** One expression where it is one, names otherwise: the schema allows no mixture. */
function describeLicences(licences: readonly string[]) {
  const expression = licences.length === 1 ? licences[0] : licences.join(' OR ');
  if (expression !== undefined && expressionPattern.test(expression)) return [{ expression }];
  return licences.map((name) => ({ license: { name } }));
}
