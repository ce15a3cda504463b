/** The identifiers of an order (RFC 8555, section 7.1.4; RFC 8738): strict, lower-case, each once, sorted. */
import type { SignableObject, SignableValue } from '@signpost/protocol/json/canonical';
import { parseArray, parseObject, parseString } from '@signpost/protocol/json/fields';
import { formatAddress, parseAddress } from '@signpost/protocol/x509/address';
import { isHostPattern } from '@signpost/protocol/x509/name-syntax';
import { Refusal } from '../../../errors.ts';
import { assertALabels } from '../../profiles/a-label.ts';
import type { Directory } from '../directories/directory.ts';
import { AcmeProblem, type Identifier, joinProblems } from '../problem.ts';
import { isAllowedName } from './allowed-names.ts';

/** Names of one order. */
const maxIdentifiers = 100;

/**
 * The identifiers of a payload in their one form. Throws `malformed` for what is no list of names, `unsupportedIdentifier`
 * for other types, `rejectedIdentifier` for names that the directory does not allow or cannot validate.
 */
export function parseIdentifiers(payload: SignableObject, directory: Directory): readonly Identifier[] {
  const entries = parseArray(payload, 'identifiers');
  if (entries.length === 0 || entries.length > maxIdentifiers) {
    throw new AcmeProblem('malformed', `expected 1 to ${maxIdentifiers} identifiers, got ${entries.length}`);
  }
  const identifiers = sortIdentifiers(entries.map(parseIdentifier));
  assertOffered(identifiers, directory);
  return identifiers;
}

/** Throws `rejectedIdentifier` for names that the directory, as it is now, does not allow or cannot validate. */
export function assertOffered(identifiers: readonly Identifier[], directory: Directory): void {
  const [first, ...others] = identifiers.flatMap((identifier) => findRefusal(identifier, directory));
  if (first) throw joinProblems([first, ...others]);
}

/** Each once, by type and value. */
export function sortIdentifiers(identifiers: readonly Identifier[]): readonly Identifier[] {
  const byText = new Map(identifiers.map((one) => [`${one.type}:${one.value}`, one]));
  return [...byText].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, identifier]) => identifier);
}

function parseIdentifier(entry: SignableValue): Identifier {
  const object = parseObject(entry, 'an identifier');
  const type = parseString(object, 'type', 20);
  const value = parseString(object, 'value');
  if (type === 'dns') return { type, value: parseName(value) };
  if (type === 'ip') return { type, value: parseIp(value) };
  throw new AcmeProblem('unsupportedIdentifier', 'expected an identifier of type dns or ip');
}

function parseName(text: string): string {
  const name = text.toLowerCase();
  if (!isHostPattern(name) || !isWellEncoded(name)) {
    // The name is a stranger's text: it is said how it must look, not what it was.
    throw new AcmeProblem('malformed', 'expected identifiers of type dns to be host names in ASCII');
  }
  return name;
}

/** RFC 5890, 2.3.1: what looks like an A-label is one. */
function isWellEncoded(name: string): boolean {
  try {
    assertALabels(name);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function parseIp(text: string): string {
  const octets = parseAddress(text);
  // RFC 8738, 3: the canonical form only, RFC 5952 for version 6.
  if (!octets || formatAddress(octets) !== text) {
    throw new AcmeProblem('malformed', 'expected identifiers of type ip to be addresses in canonical form');
  }
  return text;
}

function findRefusal(identifier: Identifier, directory: Directory): readonly AcmeProblem[] {
  if (!isAllowedName(identifier, directory.names)) {
    return [new AcmeProblem('rejectedIdentifier', 'this directory does not issue for this name', { identifier })];
  }
  if (listChallenges(identifier, directory).length === 0) {
    const detail = 'no challenge of this directory can prove control of this name';
    return [new AcmeProblem('rejectedIdentifier', detail, { identifier })];
  }
  return [];
}

/** The challenges that may prove control of a name: a wildcard by DNS alone, an address by anything but DNS. */
export function listChallenges({ type, value }: Identifier, { challenges }: Pick<Directory, 'challenges'>) {
  return challenges.filter((challenge) => {
    if (type === 'ip') return challenge !== 'dns-01';
    return !value.startsWith('*.') || challenge === 'dns-01';
  });
}
