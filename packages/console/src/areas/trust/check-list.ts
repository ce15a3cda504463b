/** Verifies trust lists in the browser, as every client does, before they are shown or sent (docs/protocol/trust-list.md). */
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical, type SignableValue } from '@signpost/protocol/json/canonical';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { collectSigners, parseEnvelope } from '@signpost/protocol/updates/envelope';
import { maxTrustListBytes, parseTrustList, type RootSet } from '@signpost/protocol/updates/trust-list';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Answer } from '../../api/client.ts';
import type { ListInForce } from './list-changes.ts';

/** What is trusted now, as the API says it. */
export type TrustStatus = Answer<'GET /api/trust'>;

/** A list and what the browser found out about it. */
export interface CheckedList {
  readonly list: ListInForce;
  /** Why it must not be believed; undefined when everything holds. */
  readonly refusal: TrustError | undefined;
  /** Key ids of the roots that signed. */
  readonly signers: readonly string[];
}

/** A list that was handed in, against the roots in force and the list that `previous` is. Throws TrustError for what is no trust list. */
export async function checkCandidate(
  bytes: Uint8Array,
  { roots, previous, now }: Required<Context>,
): Promise<CheckedList> {
  return check(bytes, { roots, previous, now });
}

/**
 * Lists that once were in force, oldest first. Each is verified under the roots of the one before; the first under those that it names
 * itself, or `roots`, which are trusted already: a list counts only where all lists after it hold, and lead to these. Whether one had expired is
 * not judged.
 */
export async function checkHistory(documents: readonly unknown[], roots: RootSet): Promise<readonly CheckedList[]> {
  const checked: CheckedList[] = [];
  let inForce: RootSet | undefined;
  for (const document of documents) {
    const bytes = encodeCanonical(document as SignableValue);
    const { document: fields } = parseEnvelope(bytes, 'trust', maxTrustListBytes);
    inForce ??= (await parseTrustList(fields)).roots ?? roots;
    const found = await check(bytes, { roots: inForce });
    inForce = found.list.rootsInForce;
    checked.push(found);
  }
  return refuseUnanchored(checked, roots);
}

/** What a list says of itself proves nothing: whoever made up the first could have made up its roots. */
function refuseUnanchored(checked: readonly CheckedList[], roots: RootSet): readonly CheckedList[] {
  const inForce = checked.at(-1)?.list.rootsInForce;
  let holds = inForce !== undefined && isSameRoots(inForce, roots);
  const anchored = checked.toReversed().map((found) => {
    const refusal = found.refusal ?? (holds ? undefined : notAnchored());
    holds = refusal === undefined;
    return { ...found, refusal };
  });
  return anchored.reverse();
}

function isSameRoots(left: RootSet, right: RootSet): boolean {
  const ids = new Set(right.keys.map(({ keyId }) => keyId));
  const isSame = left.keys.length === ids.size && left.keys.every(({ keyId }) => ids.has(keyId));
  return isSame && left.threshold === right.threshold;
}

function notAnchored(): TrustError {
  return new TrustError('root_not_trusted', 'expected lists that lead to the roots in force');
}

/** The roots in force with how many of them must sign. */
export async function readRoots({ roots, threshold }: TrustStatus): Promise<RootSet> {
  return { keys: await Promise.all(roots.map(({ pubkey_b64 }) => parsePublicKey(pubkey_b64))), threshold };
}

interface Context {
  readonly roots: RootSet;
  /** The list in force, if any. */
  readonly previous?: { readonly version: number; readonly digest: string } | undefined;
  /** Unix milliseconds; absent: expiry is not judged. */
  readonly now?: number;
}

async function check(bytes: Uint8Array, context: Context): Promise<CheckedList> {
  const envelope = parseEnvelope(bytes, 'trust', maxTrustListBytes);
  const list = await parseTrustList(envelope.document);
  const rootsInForce = list.roots ?? context.roots;
  const refusal = await verifyTrustList(bytes, context).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof TrustError) return error;
      throw error;
    },
  );
  const known = new Map([...context.roots.keys, ...rootsInForce.keys].map((key) => [key.keyId, key]));
  return { list: { ...list, rootsInForce }, refusal, signers: await collectSigners(envelope, [...known.values()]) };
}
