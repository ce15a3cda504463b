/** What `root sign` is about to sign, and the signing itself. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeCanonical, type SignableObject } from '@signpost/protocol/json/canonical';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { digestHex, encodeEnvelope } from '@signpost/protocol/updates/envelope';
import { parseTrustList, type TrustList } from '@signpost/protocol/updates/trust-list';
import type { KeyFile } from '../keys/key-file.ts';
import { Failure } from '../terminal/failure.ts';
import { buildDocument, draftOf, isSameDraft } from './draft.ts';
import { type RootFolder, recordNewList, rewriteList, rootsInForce } from './folder.ts';
import { mergeSignedLists, parseSignedList, rootsOf, type SignedList } from './signed-list.ts';

/** Something to sign, with everything that its signer must see first. */
export interface SigningPlan {
  /** `new`: the draft becomes a list of its own number. `cosign`: the very bytes that another holder signed. */
  readonly kind: 'new' | 'cosign';
  readonly document: SignableObject;
  readonly list: TrustList;
  readonly digest: string;
  /** The locked keys of this folder that will sign. */
  readonly keys: readonly KeyFile[];
}

/** How the next list is to be made. */
export interface SigningTerms {
  /** Unix milliseconds. */
  readonly now: number;
  readonly expiresDays: number;
  /** Make a new list although the pending one says the same. */
  readonly renew: boolean;
}

const dayMs = 86_400_000;

/** Decides what is to be signed. Throws Failure when there is nothing to sign, no key to sign with, or the clock is wrong. */
export async function planSigning(folder: RootFolder, terms: SigningTerms): Promise<SigningPlan> {
  const { pending } = folder;
  const cosign = pending !== undefined && !terms.renew && isSameDraft(draftOf(pending.document), folder.draft);
  const document = cosign ? pending.document : buildNextDocument(folder, terms);
  const list = await parseTrustList(document);
  const plan: SigningPlan = {
    kind: cosign ? 'cosign' : 'new',
    document,
    list,
    digest: await digestHex(encodeCanonical(document)),
    keys: findSigningKeys(folder, list, cosign ? pending : undefined),
  };
  return plan;
}

/** Signs as planned, records the list in the folder and returns it with all signatures known here. */
export async function signAsPlanned(
  folder: RootFolder,
  plan: SigningPlan,
  signers: readonly Signer[],
): Promise<SignedList> {
  const bytes = encodeCanonical(plan.document);
  const entries = await Promise.all(
    signers.map(async (signer) => ({ key_id: signer.keyId, sig: encodeBase64(await signer.sign(bytes)) })),
  );
  const ours = await parseSignedList(encodeText(encodeEnvelope('trust', plan.document, entries)));
  const known = plan.kind === 'cosign' && folder.pending ? [folder.pending, ours] : [ours];
  const merged = await mergeSignedLists(known, rootsInForce(folder));
  await (plan.kind === 'cosign' ? rewriteList(folder.dir, merged) : recordNewList(folder.dir, merged));
  return merged;
}

function buildNextDocument(folder: RootFolder, { now, expiresDays }: SigningTerms): SignableObject {
  const { inForce } = folder;
  if (inForce && now < inForce.issuedAt) {
    throw new Failure(
      'refused',
      `the clock says ${new Date(now).toISOString()}, which is before the last list was signed`,
      {
        hint: 'set the clock of this machine',
      },
    );
  }
  const version = folder.highestVersion + 1;
  return buildDocument(folder.draft, { version, issuedAt: now, expiresAt: now + expiresDays * dayMs });
}

function findSigningKeys(folder: RootFolder, list: TrustList, signed: SignedList | undefined): readonly KeyFile[] {
  const rootIds = new Set(rootsOf(list, rootsInForce(folder)).map(({ keyId }) => keyId));
  const ours = folder.keys.filter(({ keyId }) => rootIds.has(keyId));
  if (ours.length === 0) {
    throw new Failure('refused', 'no key in this folder is a root of the list', {
      hint: 'another holder must add it: `signpost root add-root PUBLIC-KEY`',
    });
  }
  const done = new Set(signed?.envelope.signatures.map(({ keyId }) => keyId));
  const missing = ours.filter(({ keyId }) => !done.has(keyId));
  if (missing.length === 0) {
    throw new Failure('refused', `version ${list.version} carries the signature of this folder's key already`, {
      hint: 'pass it to the other holders, or make a new list by --renew',
    });
  }
  return missing;
}
