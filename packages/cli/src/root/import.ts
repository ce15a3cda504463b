/** Takes over a list that was signed elsewhere, so that several holders share one state. */
import { TrustError } from '@signpost/protocol/errors';
import { Failure } from '../terminal/failure.ts';
import { draftOf } from './draft.ts';
import { type RootFolder, recordNewList, rewriteList, rootsInForce, verifyIfComplete, writeDraft } from './folder.ts';
import { countSignatures, mergeSignedLists, nameList, type SignedList } from './signed-list.ts';

/**
 * Verifies `incoming` against the folder and records it; the draft becomes what it says. Returns the list with all
 * signatures known here. Throws `trust_replayed`, `bad_signature`, `root_not_trusted`, or Failure for a stranger's list.
 */
export async function importList(folder: RootFolder, incoming: SignedList): Promise<SignedList> {
  const known = await findRecorded(folder, incoming);
  const merged = await mergeSignedLists(known ? [known, incoming] : [incoming], rootsInForce(folder));
  await assertRelated(folder, merged);
  await (known ? rewriteList(folder.dir, merged) : recordNewList(folder.dir, merged));
  await writeDraft(folder.dir, draftOf(merged.document));
  return merged;
}

/** The recorded list with the same number, which must then be the same list. */
async function findRecorded(
  { inForce, pending, highestVersion }: RootFolder,
  incoming: SignedList,
): Promise<SignedList | undefined> {
  const { version } = incoming.list;
  if (pending?.list.version === version) {
    if (pending.digest === incoming.digest) return pending;
    throw new TrustError('trust_replayed', `expected the pending list ${nameList(pending)}, got ${nameList(incoming)}`);
  }
  if (inForce && version === inForce.version && incoming.digest === inForce.digest) {
    throw new Failure('refused', `${nameList(incoming)} is in force here already`);
  }
  if (version <= highestVersion) {
    throw new TrustError('trust_replayed', `expected a version above ${highestVersion}, got ${version}`);
  }
  return undefined;
}

/** A list may come in when the roots in force signed it, or, before any list, when it names our own key. */
async function assertRelated(folder: RootFolder, signed: SignedList): Promise<void> {
  const roots = rootsInForce(folder);
  if (!roots) return assertNamesUs(folder, signed);
  const { missingOld } = await countSignatures(signed, roots);
  if (missingOld >= roots.threshold) {
    throw new TrustError('root_not_trusted', 'expected a signature by a root in force, got none');
  }
  await verifyIfComplete(signed, roots);
}

function assertNamesUs({ keys }: RootFolder, { list }: SignedList): void {
  const named = list.roots?.keys.some((root) => keys.some((key) => key.keyId === root.keyId));
  if (!named) {
    throw new Failure('refused', 'the list does not name the key of this folder among its roots', {
      hint: 'give the public key that `signpost root show` prints to the holder who makes the list',
    });
  }
}
