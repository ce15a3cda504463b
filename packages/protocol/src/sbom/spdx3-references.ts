/** The ids that an SPDX 3.0 file gives and uses. */
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '../json/foreign.ts';
import type { ReferenceUse, SbomLimits } from './component.ts';
import { readObjects, readRequiredText, readText } from './members.ts';

/** Members that name elements of the graph. */
const linkMembers: readonly string[] = [
  'creationInfo',
  'createdBy',
  'createdUsing',
  'from',
  'to',
  'element',
  'rootElement',
  'subject',
  'suppliedBy',
  'originatedBy',
  'software_snippetFromFile',
  'security_assessedElement',
];

// What the standard itself names: individuals, and the licences of the SPDX list.
const standardPattern =
  /^(?:https?:\/\/spdx\.org\/(?:rdf\/3\.|licenses\/)|(?:NoneElement|NoAssertionElement|SpdxOrganization|expandedlicensing_(?:None|NoAssertion)License)$)/;

/** Whether `ref` is an element that the standard defines, so that no file holds it. */
export function isStandardElement(ref: string): boolean {
  return standardPattern.test(ref);
}

/** The ids of all elements, and of those that stand inside others. */
export function listDeclaredElements(elements: readonly JsonObject[]): readonly string[] {
  const ids: string[] = [];
  const rest: JsonValue[] = [...elements];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (isJsonObject(value)) {
      const id = readText(value, 'spdxId') ?? readText(value, '@id');
      if (id !== undefined) ids.push(id);
    }
    if (typeof value === 'object' && value !== null) {
      for (const member of Object.values(value)) if (typeof member === 'object') rest.push(member);
    }
  }
  return ids;
}

/** The ids that elements name and that must stand in the file: neither imported nor the standard's own. */
export function listElementUses(
  elements: readonly JsonObject[],
  { maxReferences }: SbomLimits,
): readonly ReferenceUse[] {
  const imported = new Set(
    elements.flatMap((element) => readObjects(element, 'import')).map((map) => readRequiredText(map, 'externalSpdxId')),
  );
  const uses: ReferenceUse[] = [];
  for (const element of elements) {
    for (const use of linkMembers.flatMap((member) => listLinks(element, member))) {
      if (imported.has(use.ref) || isStandardElement(use.ref)) continue;
      if (uses.push(use) > maxReferences)
        throw new TrustError('too_large', `expected at most ${maxReferences} references between components`);
    }
  }
  return uses;
}

function listLinks(element: JsonObject, member: string): readonly ReferenceUse[] {
  const value = readMember(element, member);
  const all = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
  return all.flatMap((one) => (typeof one === 'string' ? [{ ref: one.trim(), at: member }] : []));
}
