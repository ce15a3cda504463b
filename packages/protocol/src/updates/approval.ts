/** A maintainer's signature over a proposed manifest, in a file: made where the key is, handed in elsewhere (docs/protocol/manifest.md). */
import { encodeBase64, parseBase64 } from '../bytes/base64.ts';
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText } from '../json/canonical.ts';
import { assertMembers, parseObject, parsePattern, parseString } from '../json/fields.ts';
import { parseSignable } from '../json/parse.ts';
import { isSignature, type PublicKey } from '../keys/ed25519.ts';
import { digestHex, sha256Pattern } from './envelope.ts';

/** The largest file of a signature that is read. */
export const maxApprovalBytes = 4096;

const format = 'signpost-approval-1';
const signatureBytes = 64;
const signaturePattern = /^[A-Za-z0-9+/]{86}==$/;

/** What such a file says: nothing of it is secret, and nothing is believed. */
export interface Approval {
  /** Of the canonical bytes that are signed, lower-case hex. */
  readonly manifestSha256: string;
  readonly keyId: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

declare const verified: unique symbol;

/** A signature over the very manifest that was asked for. Only `verifyApproval` makes one. */
export interface VerifiedApproval {
  readonly [verified]: true;
  readonly key: PublicKey;
  /** The signature in base64. */
  readonly sig: string;
}

/** The file as `signpost release sign` writes it. */
export function encodeApproval({ manifestSha256, keyId, signature }: Approval): string {
  return encodeCanonicalText({
    format,
    key_id: keyId,
    manifest_sha256: manifestSha256,
    sig: encodeBase64(signature),
  });
}

/**
 * Verifies that the file holds a signature by one of `keys` over `manifest`, its canonical bytes: the file of another Signpost, or the bare
 * signature of any tool, as 64 octets or their base64. Throws `too_large`, `malformed`, `digest_mismatch` for another manifest, `key_unknown`
 * for a key that is not among them, and `bad_signature`.
 */
export async function verifyApproval(
  file: Uint8Array<ArrayBuffer>,
  { manifest, keys }: { readonly manifest: Uint8Array<ArrayBuffer>; readonly keys: readonly PublicKey[] },
): Promise<VerifiedApproval> {
  const bare = readBareSignature(file);
  const { signature, keyId, manifestSha256 }: Claim = bare ? { signature: bare } : parseApproval(file);
  if (manifestSha256 !== undefined) await assertManifest(manifestSha256, manifest);
  const candidates = keyId === undefined ? keys : keys.filter((key) => key.keyId === keyId);
  if (candidates.length === 0) {
    throw new TrustError('key_unknown', `expected the key of a maintainer, got ${keyId?.slice(0, 16) ?? 'none'}`);
  }
  for (const key of candidates) {
    if (await isSignature(key, signature, manifest)) {
      return { key, sig: encodeBase64(signature) } as unknown as VerifiedApproval;
    }
  }
  throw new TrustError('bad_signature', 'expected a signature by a maintainer over the manifest that waits');
}

/** Of a bare signature, only itself is known. */
type Claim = Pick<Approval, 'signature'> & Partial<Approval>;

function parseApproval(file: Uint8Array): Approval {
  const object = parseObject(parseSignable(file, maxApprovalBytes), 'the file');
  if (parseString(object, 'format') !== format) {
    throw new TrustError('malformed', `expected a file of the format ${format}, got another`);
  }
  assertMembers(object, ['format', 'key_id', 'manifest_sha256', 'sig'], 'the file');
  return {
    manifestSha256: parsePattern(object, 'manifest_sha256', sha256Pattern, 'a hex SHA-256'),
    keyId: parsePattern(object, 'key_id', sha256Pattern, 'a key id'),
    signature: parseBase64(parsePattern(object, 'sig', signaturePattern, 'a signature in base64')),
  };
}

/** What `openssl pkeyutl -sign -rawin` writes, or the same as text. */
function readBareSignature(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (file.length === signatureBytes) return file;
  if (file.length > 2 * signatureBytes) return undefined;
  const text = parseText(file).trim();
  return signaturePattern.test(text) ? parseBase64(text) : undefined;
}

async function assertManifest(named: string, manifest: Uint8Array<ArrayBuffer>): Promise<void> {
  const expected = await digestHex(manifest);
  if (named === expected) return;
  throw new TrustError(
    'digest_mismatch',
    `expected a signature over the manifest ${expected.slice(0, 16)}…, got one over ${named.slice(0, 16)}…`,
  );
}
