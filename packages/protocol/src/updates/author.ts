/** What the author of a module signs: which bytes are which version of it (docs/protocol/catalogue.md, "The author's signature"). */
import { parseBase64 } from '../bytes/base64.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '../json/canonical.ts';
import { parseInteger, parseObject, parsePattern } from '../json/fields.ts';
import { isSignature, type PublicKey, parsePublicKey } from '../keys/ed25519.ts';

/** The one version of the statement that clients read. */
export const authorStatementVersion = 1;

/** One version of a module, as its author knows it before anybody else has signed anything. */
export interface AuthorStatement {
  /** Higher than in every statement that the key signed for the module before: what is lower is a replay. */
  readonly counter: number;
  readonly collection: string;
  readonly module: string;
  readonly version: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The author's signature as it stands in an entry, not verified. */
export interface AuthorSignature {
  /** That of the statement. */
  readonly counter: number;
  /** The raw key, base64. */
  readonly pubkeyB64: string;
  readonly sig: string;
}

/** The bytes that the key of this id signs. No other document has `author_statement_version`: none passes for a statement, and no statement for another. */
export function encodeAuthorStatement(statement: AuthorStatement, keyId: string): Uint8Array<ArrayBuffer> {
  return encodeText(
    encodeCanonicalText({
      author_statement_version: authorStatementVersion,
      collection: statement.collection,
      counter: statement.counter,
      key_id: keyId,
      module: statement.module,
      sha256: statement.sha256,
      size_bytes: statement.sizeBytes,
      version: statement.version,
    }),
  );
}

/** Verifies that the key signed this version with this counter, and returns the key. Throws `malformed` and `bad_signature`; whose key it is, only memory tells. */
export async function verifyAuthorSignature(
  version: Omit<AuthorStatement, 'counter'>,
  { counter, pubkeyB64, sig }: AuthorSignature,
): Promise<PublicKey> {
  const key = await parsePublicKey(pubkeyB64);
  if (await isSignature(key, parseBase64(sig), encodeAuthorStatement({ ...version, counter }, key.keyId))) return key;
  throw new TrustError('bad_signature', `expected the author's signature over ${version.module} to verify`);
}

/** Parses the member `author` of an entry. Throws `malformed`. */
export function parseAuthorSignature(item: SignableValue): AuthorSignature {
  const author = parseObject(item, 'author');
  return {
    counter: parseInteger(author, 'counter', 1),
    pubkeyB64: parsePattern(author, 'pubkey_b64', /^[A-Za-z0-9+/]{43}=$/, 'a key of 32 bytes in base64'),
    sig: parsePattern(author, 'sig', /^[A-Za-z0-9+/]{86}==$/, 'a signature of 64 bytes in base64'),
  };
}

/** The member `author` of an entry. */
export function encodeAuthorSignature({ counter, pubkeyB64, sig }: AuthorSignature): SignableObject {
  return { counter, pubkey_b64: pubkeyB64, sig };
}
