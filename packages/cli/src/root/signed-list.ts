/** A trust list on its way to enough signatures: who signed, who is missing, how two halves become one. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { PublicKey } from '@signpost/protocol/keys/ed25519';
import {
  collectSigners,
  digestHex,
  type Envelope,
  encodeEnvelope,
  parseEnvelope,
} from '@signpost/protocol/updates/envelope';
import { maxTrustListBytes, parseTrustList, type RootSet, type TrustList } from '@signpost/protocol/updates/trust-list';
import { Failure } from '../terminal/failure.ts';

/** A parsed list with whatever signatures it carries, none of them believed yet. */
export interface SignedList {
  readonly list: TrustList;
  readonly document: SignableObject;
  readonly envelope: Envelope;
  /** Lower-case hex SHA-256 of the bytes that are signed. */
  readonly digest: string;
}

/** Which signatures a list still needs. */
export interface SignatureCount {
  /** Ids of the roots, old or new, whose signatures verify. */
  readonly signers: readonly string[];
  /** How many signatures of the roots in force are missing. */
  readonly missingOld: number;
  /** How many signatures of the list's own roots are missing. */
  readonly missingNew: number;
}

/** Parses the bytes of a trust list. Throws the TrustError codes of parsing. */
export async function parseSignedList(bytes: Uint8Array): Promise<SignedList> {
  const envelope = parseEnvelope(bytes, 'trust', maxTrustListBytes);
  return {
    list: await parseTrustList(envelope.document),
    document: envelope.document,
    envelope,
    digest: await digestHex(envelope.signedBytes),
  };
}

/** Counts the signatures of `signed` against the roots in force (none before the first list) and its own. */
export async function countSignatures(signed: SignedList, inForce: RootSet | undefined): Promise<SignatureCount> {
  const own = signed.list.roots;
  const oldSigners = inForce ? await collectSigners(signed.envelope, inForce.keys) : [];
  const newSigners = own ? await collectSigners(signed.envelope, own.keys) : [];
  return {
    signers: [...new Set([...oldSigners, ...newSigners])],
    missingOld: inForce ? Math.max(0, inForce.threshold - oldSigners.length) : 0,
    missingNew: own ? Math.max(0, own.threshold - newSigners.length) : 0,
  };
}

/** Whether nothing is missing. */
export function isComplete({ missingOld, missingNew }: SignatureCount): boolean {
  return missingOld === 0 && missingNew === 0;
}

/** How many more people must sign, in words. One person may count for both sets. */
export function describeMissing(count: SignatureCount): string {
  if (isComplete(count)) return 'it has all the signatures it needs';
  const { missingOld, missingNew } = count;
  if (missingOld === 0) return `${missingNew} more signature${missingNew === 1 ? '' : 's'} needed from the new roots`;
  const ofNew = missingNew > 0 ? `, and ${missingNew} from the new roots` : '';
  return `${missingOld} more signature${missingOld === 1 ? '' : 's'} needed from the roots in force${ofNew}`;
}

/**
 * One envelope with the signatures of all `parts`. Throws Failure when they are not the same list, TrustError
 * `bad_signature` when a root's signature does not verify. Signatures by keys that are no roots are left out.
 */
export async function mergeSignedLists(
  parts: readonly SignedList[],
  inForce: RootSet | undefined,
): Promise<SignedList> {
  const [first] = parts;
  if (!first) throw new TypeError('expected at least one list');
  const other = parts.find(({ digest }) => digest !== first.digest);
  if (other) {
    throw new Failure('refused', `expected copies of one list, got ${nameList(first)} and ${nameList(other)}`, {
      hint: "all holders must sign the same bytes: `signpost root import` the first one's file, then `root sign`",
    });
  }
  const roots = rootsOf(first.list, inForce);
  const signatures = new Map<string, string>();
  for (const part of parts) {
    for (const [keyId, sig] of await collectSignatures(part, roots)) signatures.set(keyId, sig);
  }
  // The first signature is the one that clients of the older format verify: it belongs to the first root.
  const entries = roots.flatMap(({ keyId }) => {
    const sig = signatures.get(keyId);
    return sig === undefined ? [] : [{ key_id: keyId, sig }];
  });
  if (entries.length === 0) throw new TrustError('bad_signature', 'expected a signature by a root, got none');
  return parseSignedList(new TextEncoder().encode(encodeEnvelope('trust', first.document, entries)));
}

/** The roots whose signatures matter for `list`: those in force, then its own, each once. */
export function rootsOf(list: TrustList, inForce: RootSet | undefined): readonly PublicKey[] {
  const all = [...(inForce?.keys ?? []), ...(list.roots?.keys ?? [])];
  return all.filter((key, index) => all.findIndex(({ keyId }) => keyId === key.keyId) === index);
}

/** `version 3 (digest 1234…)`. */
export function nameList({ list, digest }: SignedList): string {
  return `version ${list.version} (digest ${digest.slice(0, 16)})`;
}

async function collectSignatures(part: SignedList, roots: readonly PublicKey[]): Promise<[string, string][]> {
  const signers = await collectSigners(part.envelope, roots);
  const wrong = part.envelope.signatures.find(
    ({ keyId }) => !signers.includes(keyId) && roots.some((root) => root.keyId === keyId),
  );
  if (wrong) throw new TrustError('bad_signature', `expected a valid signature by root ${wrong.keyId.slice(0, 16)}`);
  return signers.map((keyId) => {
    const named = part.envelope.signatures.find((entry) => entry.keyId === keyId);
    return [keyId, encodeBase64(named?.signature ?? part.envelope.signature)];
  });
}
