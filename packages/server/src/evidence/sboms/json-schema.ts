/** JSON Schema (draft 7) as SBOMs are held to it: with the formats that their schemas name, and in time that grows with the document. */
import { isIP } from 'node:net';
import type { JsonValue } from '@signpost/protocol/json/foreign';
import { parseCreated } from '@signpost/protocol/sbom/inspect';
import { Ajv, type ErrorObject } from 'ajv';

/** Says what is wrong with a document, in words; undefined when it keeps the schema. */
export type ValidateJson = (document: JsonValue) => string | undefined;

/** Compiles `schema`, which may refer to those of `referred` by their `$id`. */
export function compileSchema(schema: object, referred: readonly object[] = []): ValidateJson {
  const ajv = new Ajv({
    ...{ strict: false, addUsedSchema: false, logger: false, schemas: [...referred] },
    // Tidying the code takes a third of the time, is done anew for each document, and saves nothing when it runs.
    code: { optimize: false },
  });
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format);
  // Ajv compares each item with each other one, which for 100,000 components would take hours.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: hasUniqueItems });
  const validate = ajv.compile(schema);
  return (document) => (validate(document) ? undefined : describeErrors(validate.errors ?? []));
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => parseCreated(text) !== undefined,
  date: (text) => parseCreated(`${text}T00:00:00Z`) !== undefined,
  uri: (text) => URL.canParse(text),
  // RFC 3987 allows nearly all characters, but neither white space nor what delimits.
  'iri-reference': (text) => !/[\s<>"{}|\\^`]/.test(text),
  'idn-email': isEmail,
};

function isEmail(text: string): boolean {
  const [, host] = /^[^\s@]{1,64}@([^\s@]{1,255})$/.exec(text) ?? [];
  return host !== undefined && (/^[^.[\]]+(?:\.[^.[\]]+)*$/u.test(host) || isIP(host.replaceAll(/[[\]]/g, '')) !== 0);
}

/** Equal are items with the same members, in whichever order. */
function hasUniqueItems(wanted: boolean, items: readonly JsonValue[]): boolean {
  if (!wanted) return true;
  const seen = new Set<string>();
  return items.every((item) => seen.size < seen.add(encodeSorted(item)).size);
}

function encodeSorted(value: JsonValue): string {
  return JSON.stringify(value, (_key, member: JsonValue) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** The deepest place tells most: alternatives that fail report every branch. */
function describeErrors(errors: readonly ErrorObject[]): string {
  const [first] = [...errors].sort((left, right) => depth(right) - depth(left));
  if (!first) return 'it does not keep the schema';
  const detail = first.keyword === 'enum' ? '' : Object.values(first.params).map(String).join(' ').slice(0, 100);
  return `${first.instancePath || '/'} ${first.message ?? 'is not allowed'} ${detail}`.trim().slice(0, 300);
}

function depth({ instancePath }: ErrorObject): number {
  return instancePath.split('/').length;
}
