/** What SPDX 2.3 and 3.0 demand of a document's shape. No maintained package brings their schemas, so these are checks of our own. */
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '@signpost/protocol/json/foreign';

/** What is wrong with a document that is no CycloneDX, in words; undefined when nothing is. */
export function validateSpdx(document: JsonObject): string | undefined {
  return readMember(document, '@graph') === undefined ? validateSpdx2(document) : validateSpdx3(document);
}

const idPattern = /^SPDXRef-[a-zA-Z0-9.-]+$/;
const creatorPattern = /^(?:Person|Organization|Tool): \S/;

/** SPDX 2.3, clauses 6 to 11: what is mandatory, and the forms of ids. */
function validateSpdx2(document: JsonObject): string | undefined {
  const creation = readMember(document, 'creationInfo');
  if (readMember(document, 'dataLicense') !== 'CC0-1.0') return 'expected /dataLicense to be CC0-1.0';
  if (readMember(document, 'SPDXID') !== 'SPDXRef-DOCUMENT') return 'expected /SPDXID to be SPDXRef-DOCUMENT';
  if (!isText(readMember(document, 'name'))) return 'expected /name';
  if (!isNamespace(readMember(document, 'documentNamespace')))
    return 'expected /documentNamespace to be a URI without a fragment';
  if (!isJsonObject(creation)) return 'expected /creationInfo';
  if (!isText(readMember(creation, 'created'))) return 'expected /creationInfo/created';
  const creators = listItems(creation, 'creators');
  if (creators.length === 0 || !creators.every((creator) => isText(creator) && creatorPattern.test(creator)))
    return 'expected /creationInfo/creators to name a Person, Organization or Tool each';
  return (
    findItem(document, 'packages', (item) => isElement(item) && isText(readMember(item, 'downloadLocation'))) ??
    findItem(document, 'files', (item) => isElement(item) && listItems(item, 'checksums').length > 0) ??
    findItem(document, 'relationships', (item) => /^[A-Z_]+$/.test(String(readMember(item, 'relationshipType'))))
  );
}

function isElement(item: JsonObject): boolean {
  return idPattern.test(String(readMember(item, 'SPDXID')));
}

/** SPDX 3.0.1, JSON-LD: every element has a type, an id and its creation; relationships have both ends. */
function validateSpdx3(document: JsonObject): string | undefined {
  return (
    findItem(document, '@graph', (item) => isText(readMember(item, 'type'))) ??
    findItem(document, '@graph', (item) => isText(readMember(item, 'spdxId')) || isText(readMember(item, '@id'))) ??
    findItem(document, '@graph', (item) => !isIdentified(item) || readMember(item, 'creationInfo') !== undefined) ??
    findItem(document, '@graph', (item) => !isRelationship(item) || hasEnds(item)) ??
    findItem(document, '@graph', (item) => readMember(item, 'type') !== 'CreationInfo' || isCreation(item))
  );
}

function isIdentified(item: JsonObject): boolean {
  return isText(readMember(item, 'spdxId'));
}

function isRelationship(item: JsonObject): boolean {
  return /Relationship$/.test(String(readMember(item, 'type')));
}

function hasEnds(item: JsonObject): boolean {
  return (
    isText(readMember(item, 'from')) && listItems(item, 'to').length > 0 && isText(readMember(item, 'relationshipType'))
  );
}

function isCreation(item: JsonObject): boolean {
  const isVersioned = /^3\.0(?:\.\d+)?$/.test(String(readMember(item, 'specVersion')));
  return isVersioned && isText(readMember(item, 'created')) && listItems(item, 'createdBy').length > 0;
}

function findItem(document: JsonObject, list: string, isGood: (item: JsonObject) => boolean): string | undefined {
  const index = listItems(document, list).findIndex((item) => !isJsonObject(item) || !isGood(item));
  return index < 0 ? undefined : `expected /${list}/${index} to have what the standard demands of it`;
}

function listItems(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  return Array.isArray(value) ? value : [];
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isNamespace(value: JsonValue | undefined): boolean {
  return isText(value) && URL.canParse(value) && !value.includes('#');
}
