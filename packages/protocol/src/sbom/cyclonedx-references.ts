/** The names (`bom-ref`) that a CycloneDX document gives and uses. */
import { TrustError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../json/foreign.ts';
import type { ReferenceUse, SbomLimits } from './component.ts';
import { readObjects, readRequiredText, readTexts } from './members.ts';

/** Every `bom-ref`, wherever it stands: they are unique in a document. */
export function listDeclaredRefs(document: JsonObject): readonly string[] {
  const refs: string[] = [];
  const rest: JsonValue[] = [document];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, member] of Object.entries(value) as [string, JsonValue][]) {
      if (key === 'bom-ref' && typeof member === 'string') refs.push(member.trim());
      else if (typeof member === 'object' && member !== null) rest.push(member);
    }
  }
  return refs;
}

/** The names that `document` uses and that must be given in it. BOM-Links (`urn:cdx:`) name what stands in other documents. */
export function listUsedRefs(document: JsonObject, { maxReferences }: SbomLimits): readonly ReferenceUse[] {
  const uses: ReferenceUse[] = [];
  for (const use of [...listDependencies(document), ...listCompositions(document), ...listSubjects(document)]) {
    if (use.ref.startsWith('urn:cdx:')) continue;
    if (uses.push(use) > maxReferences)
      throw new TrustError('too_large', `expected at most ${maxReferences} references between components`);
  }
  return uses;
}

function listDependencies(document: JsonObject): readonly ReferenceUse[] {
  return readObjects(document, 'dependencies').flatMap((entry) => [
    { ref: readRequiredText(entry, 'ref'), at: 'dependencies' },
    ...[...readTexts(entry, 'dependsOn'), ...readTexts(entry, 'provides')].map((ref) => ({ ref, at: 'dependencies' })),
  ]);
}

function listCompositions(document: JsonObject): readonly ReferenceUse[] {
  return readObjects(document, 'compositions').flatMap((composition) =>
    ['assemblies', 'dependencies', 'vulnerabilities']
      .flatMap((name) => readTexts(composition, name))
      .map((ref) => ({ ref, at: 'compositions' })),
  );
}

/** What vulnerabilities affect, and what annotations are about. */
function listSubjects(document: JsonObject): readonly ReferenceUse[] {
  const affected = readObjects(document, 'vulnerabilities').flatMap((vulnerability) =>
    readObjects(vulnerability, 'affects').map((target) => ({
      ref: readRequiredText(target, 'ref'),
      at: 'vulnerabilities',
    })),
  );
  const annotated = readObjects(document, 'annotations').flatMap((annotation) =>
    readTexts(annotation, 'subjects').map((ref) => ({ ref, at: 'annotations' })),
  );
  return [...affected, ...annotated];
}
