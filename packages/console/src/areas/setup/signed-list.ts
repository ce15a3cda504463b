/** A trust list from the offline machine: verified in this browser before anything of it is sent. */
import { createRootSet } from '@signpost/protocol/client/state';
import { TrustError } from '@signpost/protocol/errors';
import { collectSigners, parseEnvelope } from '@signpost/protocol/updates/envelope';
import { describeTrustList, describeUnknown } from '@signpost/protocol/updates/signing-text';
import { maxTrustListBytes, parseTrustList, type RootSet } from '@signpost/protocol/updates/trust-list';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import { splitWords } from '../../app/typed-text.ts';

/** What it is verified against. */
export interface ListExpectation {
  /** Roots in base64, as `signpost root init` printed them, or as the server has pinned them. */
  readonly roots: readonly string[];
  /** How many must sign; absent: as many as the list itself asks for, or all. */
  readonly threshold?: number | undefined;
  /** The list in force, as the server gives it. */
  readonly inForce?: unknown;
  /** The key that the list must name, or nothing can be signed. */
  readonly keyId: string;
  readonly pushKeys: readonly string[];
  /** Unix milliseconds. */
  readonly now: number;
}

/** A list that holds. */
export interface SignedList {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly roots: RootSet;
  /** Ids of the roots that have signed. */
  readonly signers: readonly string[];
  readonly list: VerifiedTrustList;
  /** What it says, in the words of `signpost root sign`. */
  readonly words: readonly string[];
  /** Whether it vouches for the keys by which events are signed. */
  readonly namesPushKey: boolean;
}

/** What `text` holds of public keys: one a line, or between blanks. */
export function splitKeys(text: string): readonly string[] {
  return [...new Set(splitWords(text))];
}

/** Verifies the bytes of a signed list. Throws TrustError for whatever a client would refuse, and for a list without the key. */
export async function readSignedList(bytes: Uint8Array<ArrayBuffer>, expected: ListExpectation): Promise<SignedList> {
  const envelope = parseEnvelope(bytes, 'trust', maxTrustListBytes);
  const own = (await parseTrustList(envelope.document)).roots?.threshold ?? expected.roots.length;
  const roots = await createRootSet(expected.roots, expected.threshold ?? Math.min(own, expected.roots.length));
  const previous =
    expected.inForce === undefined
      ? undefined
      : await verifyTrustList(new TextEncoder().encode(JSON.stringify(expected.inForce)), { roots });
  const list = await verifyTrustList(bytes, { roots, previous, now: expected.now });
  const named = list.validKeys.find(({ key }) => key.keyId === expected.keyId);
  if (!named || list.revokedKeys.some(({ keyId }) => keyId === expected.keyId)) {
    throw new TrustError('key_unknown', `expected the list to name the server's key ${expected.keyId.slice(0, 16)}…`);
  }
  return {
    ...{ bytes, roots, list },
    signers: await collectSigners(envelope, roots.keys),
    words: [...describeTrustList(list, previous), ...describeUnknown(envelope.document, createTrustListDocument(list))],
    namesPushKey: expected.pushKeys.some((key) => list.pushKeys.some(({ key: { pubkeyB64 } }) => pubkeyB64 === key)),
  };
}
