/** Delegations (TUF 1.0.34, 4.5; TAP 15): which role may speak of which paths. */
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parseString } from '../json/fields.ts';
import { digestHex } from './file-facts.ts';
import { isPathMatch } from './path-pattern.ts';
import { type KeyMap, parseKeys, parseRole, type Role } from './role.ts';
import { parseTexts } from './signed-file.ts';

/** The delegations of one targets file. */
export type Delegations = { readonly keys: KeyMap } & (
  | { readonly kind: 'listed'; readonly roles: readonly DelegatedRole[] }
  | { readonly kind: 'succinct'; readonly bins: SuccinctRoles }
);

/** A role in order of priority. */
export interface DelegatedRole extends Role {
  readonly name: string;
  /** No later role is asked for paths that this one is trusted with. */
  readonly terminating: boolean;
  readonly paths: PathSet;
}

/** Paths by shell pattern, or by the beginning of their SHA-256. */
export type PathSet =
  | { readonly kind: 'patterns'; readonly patterns: readonly string[] }
  | { readonly kind: 'hash-prefixes'; readonly prefixes: readonly string[] };

/** 2^bitLength roles with the same keys, each for the paths whose SHA-256 begins with its number (TAP 15). */
export interface SuccinctRoles extends Role {
  readonly bitLength: number;
  readonly namePrefix: string;
}

/** The delegation that a path falls under. */
export interface Delegation {
  readonly name: string;
  readonly role: Role;
  readonly keys: KeyMap;
  readonly terminating: boolean;
}

const maxRoles = 65_536;
const maxPaths = 65_536;
const maxNameCharacters = 512;

/** The object `delegations`. Throws `malformed` and `too_large`. */
export function parseDelegations(object: SignableObject): Delegations {
  const keys = parseKeys(object);
  if ((object.roles === undefined) === (object.succinct_roles === undefined)) {
    throw new TrustError('malformed', 'expected delegations to have either roles or succinct_roles');
  }
  if (object.succinct_roles !== undefined) return { kind: 'succinct', keys, bins: parseSuccinctRoles(object) };
  const entries = parseArray(object, 'roles');
  if (entries.length > maxRoles) {
    throw new TrustError('too_large', `expected at most ${maxRoles} roles, got ${entries.length}`);
  }
  const roles = entries.map(parseDelegatedRole);
  if (new Set(roles.map(({ name }) => name)).size !== roles.length) {
    throw new TrustError('malformed', 'expected each delegated role once');
  }
  return { kind: 'listed', keys, roles };
}

function parseDelegatedRole(value: SignableObject[string]): DelegatedRole {
  const entry = parseObject(value, 'a delegated role');
  const name = parseRoleName(entry);
  const { terminating = false } = entry;
  if (typeof terminating !== 'boolean') throw new TrustError('malformed', 'expected terminating to be a boolean');
  return { ...parseRole(entry, 'a delegated role'), name, terminating, paths: parsePathSet(entry) };
}

function parseRoleName(entry: SignableObject): string {
  const name = parseString(entry, 'name', maxNameCharacters);
  // It would take the place of what root delegates.
  if (name === '' || ['root', 'timestamp', 'snapshot', 'targets', 'mirrors'].includes(name)) {
    throw new TrustError('malformed', 'expected a delegated role to have a name of its own');
  }
  return name;
}

function parsePathSet(entry: SignableObject): PathSet {
  if ((entry.paths === undefined) === (entry.path_hash_prefixes === undefined)) {
    throw new TrustError('malformed', 'expected a delegated role to have either paths or path_hash_prefixes');
  }
  if (entry.paths !== undefined) return { kind: 'patterns', patterns: parseTexts(entry, 'paths', maxPaths) };
  const prefixes = parseTexts(entry, 'path_hash_prefixes', maxPaths);
  if (!prefixes.every((prefix) => /^[0-9a-f]{1,64}$/.test(prefix))) {
    throw new TrustError('malformed', 'expected path_hash_prefixes in lower-case hexadecimal');
  }
  return { kind: 'hash-prefixes', prefixes };
}

function parseSuccinctRoles(object: SignableObject): SuccinctRoles {
  const entry = parseObject(object.succinct_roles, 'succinct_roles');
  const bitLength = parseInteger(entry, 'bit_length', 1);
  if (bitLength > 32) throw new TrustError('malformed', 'expected bit_length to be from 1 to 32');
  const namePrefix = parseString(entry, 'name_prefix', maxNameCharacters);
  return { ...parseRole(entry, 'succinct_roles'), bitLength, namePrefix };
}

/** The delegations that `path` falls under, in their order. */
export async function findDelegations(delegations: Delegations, path: string): Promise<readonly Delegation[]> {
  const digest = await digestHex('sha256', encodeText(path));
  const { keys } = delegations;
  switch (delegations.kind) {
    case 'listed':
      return delegations.roles
        .filter(({ paths }) => isTrustedWith(paths, path, digest))
        .map((role) => ({ name: role.name, role, keys, terminating: role.terminating }));
    case 'succinct': {
      const { bins } = delegations;
      // TAP 15: each path is in one bin, so there is nothing after it.
      return [{ name: nameBin(bins, digest), role: bins, keys, terminating: true }];
    }
  }
}

function isTrustedWith(paths: PathSet, path: string, digest: string): boolean {
  switch (paths.kind) {
    case 'patterns':
      return paths.patterns.some((pattern) => isPathMatch(pattern, path));
    case 'hash-prefixes':
      return paths.prefixes.some((prefix) => digest.startsWith(prefix));
  }
}

/** TAP 15: the first `bitLength` bits, in as few hex digits as the last bin needs. */
function nameBin({ bitLength, namePrefix }: SuccinctRoles, digest: string): string {
  const first = Number.parseInt(digest.slice(0, 8), 16);
  const bin = Math.floor(first / 2 ** (32 - bitLength));
  return `${namePrefix}-${bin.toString(16).padStart(Math.ceil(bitLength / 4), '0')}`;
}
