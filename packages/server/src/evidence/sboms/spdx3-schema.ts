/** Holds SPDX 3.0 and 3.0.1 (JSON-LD in one file) to the standard's model: which classes there are, what they have, how often, of what. */
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '@signpost/protocol/json/foreign';
import { parseSemanticVersion } from '@signpost/protocol/versions/semver';
import { spdx3Classes } from './spdx3-classes.ts';
import { spdx3Words } from './spdx3-words.ts';

/** What is wrong with `document`, in words; undefined when it keeps the model. Only the first fault is told. */
export function validateSpdx3Schema(document: JsonObject): string | undefined {
  const stray = Object.keys(document).find((name) => name !== '@context' && name !== '@graph');
  if (stray !== undefined) return `/${stray} is not allowed`;
  const graph = readMember(document, '@graph');
  if (!Array.isArray(graph)) return '/@graph must be a list';
  return findFirst(graph, (item, index) => checkObject(item, undefined, `/@graph/${index}`));
}

interface Member {
  readonly name: string;
  readonly isRequired: boolean;
  /** The name of a class, of a list of words, or of a kind of value. */
  readonly of: string;
  /** Of a list; undefined for a single value. */
  readonly minItems: number | undefined;
}

interface Class {
  readonly isAbstract: boolean;
  /** Itself, and what it is a kind of. */
  readonly kinds: ReadonlySet<string>;
  /** Its own and those of what it is a kind of. */
  readonly members: ReadonlyMap<string, Member>;
}

const words = new Map(
  listLines(spdx3Words).map((line) => {
    const [name = '', ...rest] = line.split(/:? /);
    return [name, new Set(rest)] as const;
  }),
);
const classes = readClasses();

/** What stands for itself: a name that needs no element in the graph. */
const individuals = new Map([
  ['NoAssertionElement', 'IndividualElement'],
  ['NoneElement', 'IndividualElement'],
  ['SpdxOrganization', 'Organization'],
  ['expandedlicensing_NoAssertionLicense', 'expandedlicensing_IndividualLicensingInfo'],
  ['expandedlicensing_NoneLicense', 'expandedlicensing_IndividualLicensingInfo'],
]);

const iriPattern = /^(?!_:).+:.+/;
const blankPattern = /^_:.+/;

function checkObject(value: JsonValue, range: string | undefined, at: string): string | undefined {
  if (!isJsonObject(value)) return `${at} must be an object`;
  const type = readMember(value, 'type');
  if (typeof type !== 'string') return `${at}/type must be the name of a class`;
  const found = classes.get(type);
  if (!found || found.isAbstract) return `${at}/type is no class of SPDX 3.0: ${type.slice(0, 100)}`;
  if (range !== undefined && !found.kinds.has(range)) return `${at}/type must be a kind of ${range}, got ${type}`;
  return checkIdentity(value, found, at) ?? checkMembers(value, found, at);
}

/** Elements have an IRI, other objects may have a name inside of the document. */
function checkIdentity(value: JsonObject, { kinds }: Class, at: string): string | undefined {
  const name = kinds.has('Element') ? 'spdxId' : '@id';
  const id = readMember(value, name);
  if (id === undefined) return name === '@id' ? undefined : `${at}/spdxId is missing`;
  const isId = typeof id === 'string' && (iriPattern.test(id) || (name === '@id' && blankPattern.test(id)));
  return isId ? undefined : `${at}/${name} must be an IRI`;
}

function checkMembers(value: JsonObject, { kinds, members }: Class, at: string): string | undefined {
  const identity = kinds.has('Element') ? 'spdxId' : '@id';
  const missing = [...members.values()].find(({ name, isRequired }) => isRequired && !Object.hasOwn(value, name));
  if (missing) return `${at}/${missing.name} is missing`;
  return findFirst(Object.entries(value), ([name, part]) => {
    if (name === 'type' || name === identity) return undefined;
    const member = members.get(name);
    return member ? checkMember(part, member, `${at}/${name}`) : `${at}/${name.slice(0, 100)} is not allowed`;
  });
}

function checkMember(value: JsonValue, { of, minItems }: Member, at: string): string | undefined {
  if (minItems === undefined) return checkValue(value, of, at);
  if (!Array.isArray(value)) return `${at} must be a list`;
  if (value.length < minItems) return `${at} must have at least ${minItems} items`;
  return findFirst(value, (item, index) => checkValue(item, of, `${at}/${index}`));
}

function checkValue(value: JsonValue, of: string, at: string): string | undefined {
  const isValue = values[of];
  if (isValue) return isValue(value) ? undefined : `${at} must be of the form: ${of}`;
  const list = words.get(of);
  if (list) return typeof value === 'string' && list.has(value) ? undefined : `${at} must be a word of ${of}`;
  if (typeof value !== 'string')
    return of === 'extension_Extension' ? checkExtension(value, at) : checkObject(value, of, at);
  const isName = iriPattern.test(value) || blankPattern.test(value) || isIndividual(value, of);
  return isName ? undefined : `${at} must name an element`;
}

/** Extensions have classes of their own, which are named by an IRI, and of which nothing is known. */
function checkExtension(value: JsonValue, at: string): string | undefined {
  const type = isJsonObject(value) ? readMember(value, 'type') : undefined;
  const isNamed = typeof type === 'string' && (iriPattern.test(type) || classes.has(type));
  return isNamed ? undefined : `${at}/type must be the name of a class`;
}

function isIndividual(name: string, range: string): boolean {
  return classes.get(individuals.get(name) ?? '')?.kinds.has(range) === true;
}

const values: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  text: (value) => typeof value === 'string',
  uri: (value) => typeof value === 'string',
  'yes-or-no': (value) => typeof value === 'boolean',
  time: matches(/^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\dZ$/),
  'media-type': matches(/^[^/]+\/[^/]+$/),
  version: (value) => typeof value === 'string' && parseSemanticVersion(value) !== undefined,
  count: (value) => Number.isInteger(value) && Number(value) >= 1,
  size: (value) => Number.isInteger(value) && Number(value) >= 0,
  number: (value) => typeof value === 'number' || (typeof value === 'string' && /^-?\d+(?:\.\d*)?$/.test(value)),
};

function matches(pattern: RegExp): (value: JsonValue) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value);
}

function readClasses(): ReadonlyMap<string, Class> {
  const read = new Map<string, Class>();
  // A list of words is a class as well, of objects without members.
  for (const line of [...listLines(spdx3Classes), ...words.keys()]) {
    const [, abstract, name = '', parent = '', members = ''] =
      /^(abstract )?(\w+)(?: < (\w+))?(?:: (.*))?$/.exec(line) ?? [];
    const above = read.get(parent);
    read.set(name, {
      isAbstract: abstract !== undefined,
      kinds: new Set([name, ...(above?.kinds ?? [])]),
      members: new Map([...(above?.members ?? []), ...members.split(' ').filter(Boolean).map(readMemberLine)]),
    });
  }
  return read;
}

function readMemberLine(text: string): readonly [string, Member] {
  const [, name = '', required, of = '', many] = /^(\w+)(!)?=([\w-]+?)(\*|\+|2\+)?$/.exec(text) ?? [];
  const minItems = many === undefined ? undefined : many === '*' ? 0 : many === '+' ? 1 : 2;
  return [name, { name, isRequired: required !== undefined, of, minItems }];
}

function listLines(text: string): readonly string[] {
  return text.replaceAll(/\n +/g, ' ').split('\n').filter(Boolean);
}

function findFirst<T>(items: readonly T[], check: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
