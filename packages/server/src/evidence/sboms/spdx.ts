/** SPDX 2.3 and 3.0 before the standard: the schema, and what it says in words only. */
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '@signpost/protocol/json/foreign';
import { validateSpdx2Schema } from './spdx2-schema.ts';
import { validateSpdx3Schema } from './spdx3-schema.ts';

/** What is wrong with a document that is no CycloneDX, in words; undefined when nothing is. */
export function validateSpdx(document: JsonObject): string | undefined {
  if (readMember(document, '@graph') === undefined) return validateSpdx2Schema(document) ?? checkSpdx2(document);
  return validateSpdx3Schema(document) ?? checkSpdx3(document);
}

const idPattern = /^SPDXRef-[a-zA-Z0-9.-]+$/;
const creatorPattern = /^(?:Person|Organization|Tool): \S/;

/** Clauses 6 to 9: the forms of ids, creators and of the namespace. */
function checkSpdx2(document: JsonObject): string | undefined {
  if (readMember(document, 'dataLicense') !== 'CC0-1.0') return 'expected /dataLicense to be CC0-1.0';
  if (readMember(document, 'SPDXID') !== 'SPDXRef-DOCUMENT') return 'expected /SPDXID to be SPDXRef-DOCUMENT';
  if (!isNamespace(readMember(document, 'documentNamespace')))
    return 'expected /documentNamespace to be a URI without a fragment';
  const creation = readMember(document, 'creationInfo');
  const creators = isJsonObject(creation) ? listItems(creation, 'creators') : [];
  if (!creators.every((creator) => creatorPattern.test(String(creator))))
    return 'expected /creationInfo/creators to name a Person, Organization or Tool each';
  return findWrongId(document, 'packages') ?? findWrongId(document, 'files') ?? findWrongId(document, 'snippets');
}

function findWrongId(document: JsonObject, list: string): string | undefined {
  const index = listItems(document, list).findIndex((item) => !isJsonObject(item) || !isId(readMember(item, 'SPDXID')));
  return index < 0 ? undefined : `expected /${list}/${index}/SPDXID to be SPDXRef- and letters, digits, dots, hyphens`;
}

function isId(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && idPattern.test(value);
}

/** The model gives any version a place. */
function checkSpdx3(document: JsonObject): string | undefined {
  const index = listItems(document, '@graph').findIndex((item) => isJsonObject(item) && isOtherVersion(item));
  return index < 0 ? undefined : `expected /@graph/${index}/specVersion to be 3.0 or one of its corrections`;
}

function isOtherVersion(item: JsonObject): boolean {
  const version = readMember(item, 'specVersion');
  return readMember(item, 'type') === 'CreationInfo' && !/^3\.0\.\d+$/.test(String(version));
}

function listItems(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  return Array.isArray(value) ? value : [];
}

function isNamespace(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && URL.canParse(value) && !value.includes('#');
}
