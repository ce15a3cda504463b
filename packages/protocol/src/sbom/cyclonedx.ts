/** CycloneDX 1.2 to 1.7 (ECMA-424): the JSON form into the one model; the XML form is brought into it first. */
import { TrustError } from '../errors.ts';
import type { JsonObject } from '../json/foreign.ts';
import type { Component, Relationship, Sbom, SbomFormat, SbomLimits } from './component.ts';
import { listDeclaredRefs, listUsedRefs } from './cyclonedx-references.ts';
import {
  createDigest,
  listDistinct,
  readObject,
  readObjects,
  readRequiredText,
  readText,
  readTexts,
} from './members.ts';

/** The versions of the standard that are read. */
export const cycloneDxVersions: readonly string[] = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];

/** Reads a document of the standard's JSON form. Throws `malformed`, `too_large`, `format_unsupported`. */
export function readCycloneDx(document: JsonObject, encoding: SbomFormat['encoding'], limits: SbomLimits): Sbom {
  const version = readRequiredText(document, 'specVersion');
  if (!cycloneDxVersions.includes(version))
    throw new TrustError('format_unsupported', `expected CycloneDX 1.2 to 1.7, got version ${version.slice(0, 20)}`);
  const metadata = readObject(document, 'metadata') ?? {};
  const root = readObject(metadata, 'component');
  const tree = readTree(document, root, limits);
  return {
    format: { standard: 'CycloneDX', version, encoding },
    serial: readText(document, 'serialNumber'),
    created: readText(metadata, 'timestamp'),
    authors: readAuthors(metadata),
    tools: readTools(metadata),
    described: root ? [readText(root, 'bom-ref') ?? '/metadata/component'] : [],
    components: tree.components,
    relationships: [...tree.relationships, ...readDependencies(document)],
    declaredRefs: listDeclaredRefs(document),
    usedRefs: listUsedRefs(document, limits),
  };
}

interface Tree {
  readonly components: Component[];
  readonly relationships: Relationship[];
}

interface Branch {
  readonly object: JsonObject;
  readonly pointer: string;
  readonly parent: string | undefined;
}

/** All components with what they contain, in the document's order. */
function readTree(document: JsonObject, root: JsonObject | undefined, { maxComponents }: SbomLimits): Tree {
  const tree: Tree = { components: [], relationships: [] };
  const rest: Branch[] = listBranches(document, '', undefined).reverse();
  if (root) rest.push({ object: root, pointer: '/metadata/component', parent: undefined });
  for (let branch = rest.pop(); branch; branch = rest.pop()) {
    const component = readComponent(branch.object, branch.pointer);
    tree.components.push(component);
    if (tree.components.length > maxComponents)
      throw new TrustError('too_large', `expected at most ${maxComponents} components`);
    if (branch.parent !== undefined)
      tree.relationships.push({ from: branch.parent, kind: 'contains', to: component.ref });
    for (const child of listBranches(branch.object, branch.pointer, component.ref).reverse()) rest.push(child);
  }
  return tree;
}

function listBranches(object: JsonObject, pointer: string, parent: string | undefined): Branch[] {
  return readObjects(object, 'components').map((child, index) => ({
    object: child,
    pointer: `${pointer}/components/${index}`,
    parent,
  }));
}

function readComponent(object: JsonObject, pointer: string): Component {
  const name = readRequiredText(object, 'name');
  const group = readText(object, 'group');
  return {
    ref: readText(object, 'bom-ref') ?? pointer,
    kind: readText(object, 'type')?.toLowerCase() ?? 'package',
    name: group === undefined ? name : `${group}/${name}`,
    version: readText(object, 'version'),
    purl: readText(object, 'purl'),
    cpe: readText(object, 'cpe'),
    licences: readLicences(object),
    digests: readObjects(object, 'hashes').map((hash) =>
      createDigest(readRequiredText(hash, 'alg'), readRequiredText(hash, 'content')),
    ),
    supplier: readSupplier(object),
  };
}

function readLicences(component: JsonObject): readonly string[] {
  return listDistinct(
    readObjects(component, 'licenses').map((choice) => {
      const licence = readObject(choice, 'license');
      return licence ? (readText(licence, 'id') ?? readText(licence, 'name')) : readText(choice, 'expression');
    }),
  );
}

function readSupplier(component: JsonObject): string | undefined {
  return (
    readEntityName(component, 'supplier') ??
    readEntityName(component, 'manufacturer') ??
    readText(component, 'publisher') ??
    readObjects(component, 'authors').map((author) => readText(author, 'name'))[0] ??
    readText(component, 'author')
  );
}

function readEntityName(object: JsonObject, name: string): string | undefined {
  const entity = readObject(object, name);
  return entity && readText(entity, 'name');
}

function readAuthors(metadata: JsonObject): readonly string[] {
  return listDistinct([
    ...readObjects(metadata, 'authors').map((author) => readText(author, 'name') ?? readText(author, 'email')),
    readEntityName(metadata, 'manufacturer'),
    readEntityName(metadata, 'manufacture'),
    readEntityName(metadata, 'supplier'),
  ]);
}

/** A list up to 1.4, from 1.5 on also an object with components and services. */
function readTools(metadata: JsonObject): readonly string[] {
  const isList = Array.isArray(metadata.tools);
  const tools = isList ? {} : (readObject(metadata, 'tools') ?? {});
  const all = isList
    ? readObjects(metadata, 'tools')
    : [...readObjects(tools, 'components'), ...readObjects(tools, 'services')];
  return listDistinct(
    all.map((tool) => {
      const [name, version] = [readText(tool, 'name'), readText(tool, 'version')];
      return name !== undefined && version !== undefined ? `${name} ${version}` : name;
    }),
  );
}

function readDependencies(document: JsonObject): readonly Relationship[] {
  return readObjects(document, 'dependencies').flatMap((entry): readonly Relationship[] => {
    const from = readRequiredText(entry, 'ref');
    const needed = readTexts(entry, 'dependsOn').map((to): Relationship => ({ from, kind: 'depends-on', to }));
    const provided = readTexts(entry, 'provides').map((to): Relationship => ({ from, kind: 'provides', to }));
    // An entry without a list states that there is nothing to list.
    const stated: readonly Relationship[] = needed.length > 0 ? needed : [{ from, kind: 'depends-on', to: undefined }];
    return [...stated, ...provided];
  });
}
