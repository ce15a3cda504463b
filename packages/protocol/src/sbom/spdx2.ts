/** SPDX 2.3 (ISO/IEC 5962 and its successor), JSON, into the one model. */
import { TrustError } from '../errors.ts';
import type { JsonObject } from '../json/foreign.ts';
import type { Component, ReferenceUse, Relationship, Sbom, SbomLimits } from './component.ts';
import {
  createDigest,
  listDistinct,
  readObject,
  readObjects,
  readRequiredText,
  readText,
  readTexts,
} from './members.ts';

/** Reads a document of the standard's JSON form. Throws `malformed`, `too_large`, `format_unsupported`. */
export function readSpdx2(document: JsonObject, limits: SbomLimits): Sbom {
  const version = readRequiredText(document, 'spdxVersion');
  if (version !== 'SPDX-2.3')
    throw new TrustError('format_unsupported', `expected SPDX 2.3 or 3.0, got ${version.slice(0, 20)}`);
  const creators = readTexts(readObject(document, 'creationInfo') ?? {}, 'creators');
  const relationships = readRelationships(document, limits);
  const described = listDescribed(document, relationships);
  return {
    format: { standard: 'SPDX', version: '2.3', encoding: 'json' },
    serial: readText(document, 'documentNamespace'),
    created: readText(readObject(document, 'creationInfo') ?? {}, 'created'),
    authors: listDistinct(creators.filter((creator) => !creator.startsWith('Tool:')).map(readActor)),
    tools: listDistinct(creators.filter((creator) => creator.startsWith('Tool:')).map(readActor)),
    described,
    components: readComponents(document, described, limits),
    relationships: relationships.flatMap(({ relationship }) => relationship),
    declaredRefs: listDeclaredRefs(document),
    usedRefs: [
      ...relationships.flatMap(({ uses }) => uses),
      ...described.map((ref) => ({ ref, at: 'documentDescribes' })),
    ],
  };
}

/** Packages, and files that the document is about. Other files are the contents of packages. */
function readComponents(
  document: JsonObject,
  described: readonly string[],
  { maxComponents }: SbomLimits,
): readonly Component[] {
  const roots = new Set(described);
  const packages = readObjects(document, 'packages');
  const files = readObjects(document, 'files').filter((file) => roots.has(readText(file, 'SPDXID') ?? ''));
  if (packages.length + files.length > maxComponents)
    throw new TrustError('too_large', `expected at most ${maxComponents} components`);
  return [...packages.map(readPackage), ...files.map(readFile)];
}

function readPackage(object: JsonObject): Component {
  const references = readObjects(object, 'externalRefs');
  return {
    ref: readRequiredText(object, 'SPDXID'),
    kind: readText(object, 'primaryPackagePurpose')?.toLowerCase().replaceAll('_', '-') ?? 'package',
    name: readRequiredText(object, 'name'),
    version: readText(object, 'versionInfo'),
    purl: findLocator(references, /^purl$/),
    cpe: findLocator(references, /^cpe2[23]Type$/),
    licences: listDistinct([readAssertion(object, 'licenseDeclared'), readAssertion(object, 'licenseConcluded')]),
    digests: readDigests(object),
    supplier: readActor(readAssertion(object, 'supplier')) ?? readActor(readAssertion(object, 'originator')),
  };
}

function readFile(object: JsonObject): Component {
  return {
    ref: readRequiredText(object, 'SPDXID'),
    kind: 'file',
    name: readRequiredText(object, 'fileName'),
    version: undefined,
    purl: undefined,
    cpe: undefined,
    licences: listDistinct([readAssertion(object, 'licenseConcluded')]),
    digests: readDigests(object),
    supplier: undefined,
  };
}

function readDigests(object: JsonObject): Component['digests'] {
  return readObjects(object, 'checksums').map((checksum) =>
    createDigest(readRequiredText(checksum, 'algorithm'), readRequiredText(checksum, 'checksumValue')),
  );
}

function findLocator(references: readonly JsonObject[], type: RegExp): string | undefined {
  const reference = references.find((candidate) => type.test(readText(candidate, 'referenceType') ?? ''));
  return reference && readText(reference, 'referenceLocator');
}

/** `NOASSERTION` says nothing, and `NONE` says that there is none: both count as absent. */
function readAssertion(object: JsonObject, name: string): string | undefined {
  const text = readText(object, name);
  return text === 'NOASSERTION' || text === 'NONE' ? undefined : text;
}

/** `Organization: Name (mail@example)` without its kind and address. */
function readActor(text: string | undefined): string | undefined {
  return text?.replace(/^(?:Person|Organization|Tool):\s*/, '').replace(/\s*\([^()]*\)$/, '') || undefined;
}

interface StatedRelationship {
  readonly relationship: readonly Relationship[];
  readonly uses: readonly ReferenceUse[];
}

/** The kinds that mean something here; with `_OF` and `_BY` the other way round. */
const kinds: Readonly<Record<string, readonly [Relationship['kind'], 'forward' | 'backward']>> = {
  DESCRIBES: ['describes', 'forward'],
  DESCRIBED_BY: ['describes', 'backward'],
  CONTAINS: ['contains', 'forward'],
  CONTAINED_BY: ['contains', 'backward'],
  DEPENDS_ON: ['depends-on', 'forward'],
  DEPENDENCY_OF: ['depends-on', 'backward'],
  BUILD_DEPENDENCY_OF: ['depends-on', 'backward'],
  DEV_DEPENDENCY_OF: ['depends-on', 'backward'],
  OPTIONAL_DEPENDENCY_OF: ['depends-on', 'backward'],
  PROVIDED_DEPENDENCY_OF: ['depends-on', 'backward'],
  RUNTIME_DEPENDENCY_OF: ['depends-on', 'backward'],
  TEST_DEPENDENCY_OF: ['depends-on', 'backward'],
};

function readRelationships(document: JsonObject, { maxReferences }: SbomLimits): readonly StatedRelationship[] {
  const stated = readObjects(document, 'relationships');
  if (stated.length > maxReferences)
    throw new TrustError('too_large', `expected at most ${maxReferences} references between components`);
  return stated.map((entry) => {
    const left = readRequiredText(entry, 'spdxElementId');
    const right = readRequiredText(entry, 'relatedSpdxElement');
    return {
      relationship: createRelationship(readRequiredText(entry, 'relationshipType'), left, right),
      uses: [left, right].filter(isLocal).map((ref) => ({ ref, at: 'relationships' })),
    };
  });
}

function createRelationship(type: string, left: string, right: string): readonly Relationship[] {
  const [kind, direction] = (Object.hasOwn(kinds, type) ? kinds[type] : undefined) ?? ['other', 'forward'];
  if (right === 'NOASSERTION') return [];
  if (right === 'NONE') return [{ from: left, kind, to: undefined }];
  return [direction === 'forward' ? { from: left, kind, to: right } : { from: right, kind, to: left }];
}

/** Whether the element must stand in this document: those of others begin with `DocumentRef-`. */
function isLocal(ref: string): boolean {
  return ref !== 'NONE' && ref !== 'NOASSERTION' && !ref.startsWith('DocumentRef-');
}

function listDescribed(document: JsonObject, stated: readonly StatedRelationship[]): readonly string[] {
  const related = stated
    .flatMap(({ relationship }) => relationship)
    .filter(({ kind, from }) => kind === 'describes' && from === readText(document, 'SPDXID'));
  return listDistinct([...readTexts(document, 'documentDescribes'), ...related.map(({ to }) => to)]).filter(isLocal);
}

function listDeclaredRefs(document: JsonObject): readonly string[] {
  const elements = ['packages', 'files', 'snippets'].flatMap((name) => readObjects(document, name));
  return [readRequiredText(document, 'SPDXID'), ...elements.map((element) => readRequiredText(element, 'SPDXID'))];
}
