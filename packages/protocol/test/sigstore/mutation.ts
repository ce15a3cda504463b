/** Tries every mutant of the good bundles, and says which were accepted. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import { byKey } from './hard/accepted.ts';
import { bytes, policy } from './hard/judge.ts';
import { artifact, mint, type Recipe } from './mint/bundle.ts';
import { createHashLog, signedAt } from './mint/instance.ts';
import { encodeJson } from './mint/json.ts';
import { cosignNote } from './mint/log.ts';
import { mutate } from './mint/mutants.ts';

const witness = await createHashLog('witness.test');

/** Bundles with the evidence that they need and no more: what could be left out could be taken away. */
export const mutationRecipes: Readonly<Record<string, Recipe>> = {
  'a message in Rekor v2': {},
  'a statement in Rekor v2': { content: 'statement', timestamps: [{ withCertificates: true }] },
  'a message in Rekor v1': { log: 'v1' },
  'a statement in Rekor v1': { log: 'v1', content: 'statement' },
  'a message in Rekor v1, version 0.1': { log: 'v1', version: '0.1' },
  'a message in Rekor v1 without a promise': { log: 'v1', withoutPromise: true, timestamps: [{}] },
  "a key's statement with hints": {
    byKey: true,
    content: 'statement',
    bundle: [['dsseEnvelope.signatures.0.keyid', 'hint']],
  },
  'a message with a cosigned checkpoint': {
    note: async (note, text) => note + (await cosignNote(text, witness, signedAt)),
  },
};

/** What became of all mutants of one bundle. */
export interface MutationOutcome {
  readonly count: number;
  /** The fields of those that were accepted, and how they had been changed. */
  readonly accepted: ReadonlyMap<string, readonly string[]>;
}

/** Throws what is no TrustError. */
export async function tryMutants(recipe: Recipe, stride: number): Promise<MutationOutcome> {
  const minted = await mint(recipe);
  const trustedRoot = await parseTrustedRoot(encodeJson(minted.root));
  const signer = recipe.byKey ? (await byKey(minted)).signer : policy();
  const accepted = new Map<string, readonly string[]>();
  let count = 0;
  for (const { field, change, text } of mutate(minted.bundle, { stride })) {
    count++;
    try {
      await verifyBundle(parseBundle(encodeText(text)), { artifact: bytes(artifact), trustedRoot, signer });
      accepted.set(field, [...(accepted.get(field) ?? []), change]);
    } catch (error) {
      if (!(error instanceof TrustError)) throw new Error(`${field} ${change}: ${text}`, { cause: error });
    }
  }
  return { count, accepted };
}
