/** Root metadata (TUF 1.0.34, 4.3): the keys of all top-level roles. */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { parseObject } from '../json/fields.ts';
import { type KeyMap, parseKeys, parseRole, type Role, type Signers, verifyThreshold } from './role.ts';
import { type Format, type MetadataType, type Payload, parseSignedFile } from './signed-file.ts';

/** Root metadata. */
export interface Root extends Payload {
  readonly consistentSnapshot: boolean;
  readonly keys: KeyMap;
  readonly roles: Readonly<Record<MetadataType, Role>>;
}

/** W of 5.3.3. */
export const maxRootBytes = 512_000;

const rootFormat: Format<Root> = { type: 'root', parse: parseRootMembers };

function parseRootMembers(signed: SignableObject, common: Payload): Root {
  const roles = parseObject(signed.roles, 'roles');
  return {
    ...common,
    consistentSnapshot: parseConsistentSnapshot(signed),
    keys: parseKeys(signed),
    roles: {
      root: parseRole(roles.root, 'root'),
      timestamp: parseRole(roles.timestamp, 'timestamp'),
      snapshot: parseRole(roles.snapshot, 'snapshot'),
      targets: parseRole(roles.targets, 'targets'),
    },
  };
}

function parseConsistentSnapshot({ consistent_snapshot: value = false }: SignableObject): boolean {
  if (typeof value !== 'boolean') throw new TrustError('malformed', 'expected consistent_snapshot to be a boolean');
  return value;
}

/** Who signs for the top-level role `name`, as `root` says. */
export function rootSigners(root: Root, name: MetadataType): Signers {
  return { name, role: root.roles[name], keys: root.keys };
}

/** A root that is trusted because somebody put it there; it must be signed by its own keys all the same. */
export async function verifyPinnedRoot(bytes: Uint8Array): Promise<Root> {
  const file = parseSignedFile(bytes, rootFormat, maxRootBytes);
  return verifyThreshold(file, rootSigners(file.unverified, 'root'));
}

/**
 * The root that follows `trusted`: signed by a threshold of its keys and of the new ones (5.3.4), and one version higher (5.3.5).
 * Throws `bad_signature`, `metadata_mismatch`, and what the parser throws.
 */
export async function verifyNextRoot(bytes: Uint8Array, trusted: Root): Promise<Root> {
  const file = parseSignedFile(bytes, rootFormat, maxRootBytes);
  await verifyThreshold(file, rootSigners(trusted, 'root'));
  const next = await verifyThreshold(file, rootSigners(file.unverified, 'root'));
  const expected = trusted.version + 1;
  if (next.version !== expected) {
    throw new TrustError('metadata_mismatch', `expected version ${expected} of root, got ${next.version}`);
  }
  return next;
}
