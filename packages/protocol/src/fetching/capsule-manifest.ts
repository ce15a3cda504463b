/** Capsule manifests, `{"version", "targets": {triple: sha256}}`: which file a release has for each platform. */
import { TrustError } from '../errors.ts';
import { assertMembers, parseObject, parsePattern } from '../json/fields.ts';
import { parseDocument } from '../json/parse.ts';

/** Above this a manifest is refused unread, in bytes. */
export const maxCapsuleManifestBytes: number = 256 * 1024;

/** A manifest as it stands; what it is worth, its signature says. */
export interface CapsuleManifest {
  readonly version: string;
  /** SHA-256 in hexadecimal by target, such as `x86_64-unknown-linux-gnu`. */
  readonly targets: ReadonlyMap<string, string>;
}

/** Parses a manifest. Throws `too_large` or `malformed`. */
export function parseCapsuleManifest(bytes: Uint8Array): CapsuleManifest {
  const object = parseObject(parseDocument(bytes, maxCapsuleManifestBytes), 'the manifest');
  assertMembers(object, ['version', 'targets'], 'the manifest');
  const targets = parseObject(object.targets, 'targets');
  const names = Object.keys(targets);
  if (names.length === 0 || names.length > 256) throw new TrustError('malformed', 'expected 1 to 256 targets');
  return {
    version: parsePattern(object, 'version', /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}$/, 'a version'),
    targets: new Map(names.map((name) => [name, parsePattern(targets, name, /^[0-9a-f]{64}$/, 'a SHA-256')])),
  };
}

/** The SHA-256 of a target. Throws `target_unknown`. */
export function findCapsuleTarget({ targets }: CapsuleManifest, target: string): string {
  const sha256 = targets.get(target);
  if (sha256 !== undefined) return sha256;
  const known = [...targets.keys()].slice(0, 20).join(', ');
  throw new TrustError('target_unknown', `expected one of ${known}, got ${target.slice(0, 100)}`);
}
