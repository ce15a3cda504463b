/** SPDX 3.0 in one JSON-LD file (`@context` and `@graph`), into the one model. */
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '../json/foreign.ts';
import type { Component, Relationship, Sbom, SbomLimits } from './component.ts';
import { createDigest, listDistinct, readObjects, readRequiredText, readText, readTexts } from './members.ts';
import { isStandardElement, listDeclaredElements, listElementUses } from './spdx3-references.ts';

const contextPattern = /^https:\/\/spdx\.org\/rdf\/(3\.0(?:\.\d+)?)\/spdx-context\.jsonld$/;

/** Reads a document of the standard's JSON-LD form. Throws `malformed`, `too_large`, `format_unsupported`. */
export function readSpdx3(document: JsonObject, limits: SbomLimits): Sbom {
  const version = contextPattern.exec(readRequiredText(document, '@context'))?.[1];
  if (version === undefined)
    throw new TrustError('format_unsupported', 'expected the context of SPDX 3.0, got another');
  const graph = new Graph(readObjects(document, '@graph'));
  const head = graph.findHead();
  const relationships = readRelationships(graph, limits);
  const described = listDescribed(graph, head, relationships);
  return {
    format: { standard: 'SPDX', version, encoding: 'json' },
    serial: readId(head),
    created: readText(graph.findCreation(head), 'created'),
    authors: listNames(graph, graph.findCreation(head), 'createdBy'),
    tools: listNames(graph, graph.findCreation(head), 'createdUsing'),
    described,
    components: readComponents(graph, described, limits),
    relationships,
    declaredRefs: listDeclaredElements(graph.elements),
    usedRefs: listElementUses(graph.elements, limits),
  };
}

/** The elements of a file, by id. */
class Graph {
  readonly elements: readonly JsonObject[];
  readonly #byId: ReadonlyMap<string, JsonObject>;
  readonly #licences = new Map<string, string[]>();

  constructor(elements: readonly JsonObject[]) {
    this.elements = elements;
    this.#byId = new Map(elements.map((element) => [readId(element) ?? '', element]));
    for (const element of elements) this.#collectLicences(element);
  }

  /** The element that a member names, or that stands in it. */
  follow(value: JsonValue | undefined): JsonObject | undefined {
    if (isJsonObject(value)) return value;
    return typeof value === 'string' ? this.#byId.get(value) : undefined;
  }

  findHead(): JsonObject {
    const heads = this.elements.filter((element) => readText(element, 'type') === 'SpdxDocument');
    const [head] = heads;
    if (!head || heads.length > 1)
      throw new TrustError('malformed', `expected one SpdxDocument in the graph, got ${heads.length}`);
    return head;
  }

  findCreation(element: JsonObject): JsonObject {
    const creation = this.follow(readMember(element, 'creationInfo'));
    if (!creation) throw new TrustError('malformed', 'expected the creationInfo of the SpdxDocument in the graph');
    return creation;
  }

  listLicences(ref: string): readonly string[] {
    return listDistinct(this.#licences.get(ref) ?? []);
  }

  #collectLicences(element: JsonObject): void {
    if (!/^has(?:Declared|Concluded)License$/.test(readText(element, 'relationshipType') ?? '')) return;
    const from = readRequiredText(element, 'from');
    const licences = readTexts(element, 'to').flatMap((ref) => this.#readLicence(ref) ?? []);
    this.#licences.set(from, [...(this.#licences.get(from) ?? []), ...licences]);
  }

  /** An expression, a listed licence by its id, or a custom one by its name; `undefined`: none is asserted. */
  #readLicence(ref: string): string | undefined {
    const listed = /^https?:\/\/spdx\.org\/licenses\/([A-Za-z0-9.+-]+)$/.exec(ref)?.[1];
    if (listed !== undefined) return listed;
    const licence = this.#byId.get(ref);
    return licence && (readText(licence, 'simplelicensing_licenseExpression') ?? readText(licence, 'name'));
  }
}

function readId(element: JsonObject): string | undefined {
  return readText(element, 'spdxId') ?? readText(element, '@id');
}

const packageTypes: readonly string[] = ['software_Package', 'ai_AIPackage', 'dataset_DatasetPackage'];

/** Packages, and files that the document is about. */
function readComponents(
  graph: Graph,
  described: readonly string[],
  { maxComponents }: SbomLimits,
): readonly Component[] {
  const roots = new Set(described);
  const chosen = graph.elements.filter((element) => {
    const type = readText(element, 'type') ?? '';
    return packageTypes.includes(type) || (type === 'software_File' && roots.has(readId(element) ?? ''));
  });
  if (chosen.length > maxComponents) throw new TrustError('too_large', `expected at most ${maxComponents} components`);
  return chosen.map((element) => readComponent(graph, element));
}

function readComponent(graph: Graph, element: JsonObject): Component {
  const ref = readId(element);
  if (ref === undefined) throw new TrustError('malformed', 'expected a package with an spdxId');
  const isFile = readText(element, 'type') === 'software_File';
  return {
    ref,
    kind: isFile ? 'file' : (readText(element, 'software_primaryPurpose')?.toLowerCase() ?? 'package'),
    name: readRequiredText(element, 'name'),
    version: readText(element, 'software_packageVersion'),
    purl: readText(element, 'software_packageUrl') ?? findIdentifier(element, 'packageUrl'),
    cpe: findIdentifier(element, 'cpe23') ?? findIdentifier(element, 'cpe22'),
    licences: graph.listLicences(ref),
    digests: readDigests(element),
    supplier: listNames(graph, element, 'suppliedBy')[0] ?? listNames(graph, element, 'originatedBy')[0],
  };
}

function findIdentifier(element: JsonObject, type: string): string | undefined {
  const identifiers = readObjects(element, 'externalIdentifier');
  const identifier = identifiers.find((candidate) => readText(candidate, 'externalIdentifierType') === type);
  return identifier && readText(identifier, 'identifier');
}

function readDigests(element: JsonObject): Component['digests'] {
  return readObjects(element, 'verifiedUsing')
    .filter((method) => readText(method, 'type') === 'Hash')
    .map((hash) => createDigest(readRequiredText(hash, 'algorithm'), readRequiredText(hash, 'hashValue')));
}

/** The names of the agents or tools that the member names, one or a list of them. */
function listNames(graph: Graph, element: JsonObject, member: string): readonly string[] {
  const value = readMember(element, member);
  const all = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  return listDistinct(
    all.map((one) => {
      const agent = graph.follow(one);
      return agent ? readText(agent, 'name') : undefined;
    }),
  );
}

function listDescribed(graph: Graph, head: JsonObject, relationships: readonly Relationship[]): readonly string[] {
  const related = relationships.filter(({ kind, from }) => kind === 'describes' && from === readId(head));
  const roots = readTexts(head, 'rootElement').flatMap((ref) => {
    // A document's root is most often a collection, such as a software_Sbom, with roots of its own.
    const collection = graph.follow(ref);
    return collection && readMember(collection, 'rootElement') ? readTexts(collection, 'rootElement') : [ref];
  });
  return listDistinct([...roots, ...related.map(({ to }) => to)]);
}

const kinds: Readonly<Record<string, Relationship['kind']>> = {
  dependsOn: 'depends-on',
  contains: 'contains',
  describes: 'describes',
  hasProvidedDependency: 'depends-on',
  hasOptionalDependency: 'depends-on',
  hasDynamicLink: 'depends-on',
  hasStaticLink: 'depends-on',
};

function readRelationships(graph: Graph, { maxReferences }: SbomLimits): readonly Relationship[] {
  const relationships: Relationship[] = [];
  for (const element of graph.elements) {
    const type = readText(element, 'relationshipType');
    if (type === undefined) continue;
    for (const relationship of readRelationship(element, type)) {
      if (relationships.push(relationship) > maxReferences)
        throw new TrustError('too_large', `expected at most ${maxReferences} references between components`);
    }
  }
  return relationships;
}

function readRelationship(element: JsonObject, type: string): readonly Relationship[] {
  const from = readRequiredText(element, 'from');
  const kind = (Object.hasOwn(kinds, type) ? kinds[type] : undefined) ?? 'other';
  return readTexts(element, 'to')
    .filter((to) => !/NoAssertion(?:Element|License)$/.test(to) || !isStandardElement(to))
    .map((to) => ({ from, kind, to: isStandardElement(to) && to.endsWith('NoneElement') ? undefined : to }));
}
