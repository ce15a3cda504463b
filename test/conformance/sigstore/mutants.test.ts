/** Accepted bundles with one thing changed are refused, but for a written list of what nothing authenticates. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { JsonRecord } from '../../../packages/protocol/test/sigstore/mint/json.ts';
import { type Mutant, mutate } from '../../../packages/protocol/test/sigstore/mint/mutants.ts';
import { findMissingData, findSuite } from '../suites.ts';
import { createRequiredSigner, readSigstoreCases, type SigstoreCase } from './cases.ts';

const suite = findSuite('sigstore');
const skip = findMissingData(suite, 'sigstore-conformance');
const cases = existsSync(suite) ? readSigstoreCases(suite) : [];

/** One of each kind. */
const chosen = [
  'happy-path-v0.1',
  'happy-path-v0.3-new-mediaType',
  'happy-path-intoto-in-dsse-v3',
  'intoto-with-custom-trust-root',
  'managed-key-happy-path',
  'rekor2-dsse-happy-path',
  'rekor2-timestamp-with-embedded-cert',
];

/** What may change without being noticed, since no signature covers it, and what may be missing, since there is enough without. */
const unauthenticated: Readonly<Record<string, readonly string[]>> = {
  // Hints which key to try.
  'verificationMaterial.publicKey.hint': ['managed-key-happy-path'],
  'dsseEnvelope.signatures.keyid': ['intoto-with-custom-trust-root'],
  // Lines of witnesses whom nobody has been told to trust.
  'verificationMaterial.tlogEntries.inclusionProof.checkpoint.envelope': ['rekor2-dsse-happy-path'],
  // Further proofs of the time beside one that is enough.
  'verificationMaterial.timestampVerificationData': ['intoto-with-custom-trust-root', 'managed-key-happy-path'],
  'verificationMaterial.tlogEntries.inclusionPromise': ['intoto-with-custom-trust-root', 'managed-key-happy-path'],
  // In a tree of one entry index and path are nothing, and may be left out.
  'verificationMaterial.tlogEntries.inclusionProof': ['intoto-with-custom-trust-root'],
};

test('a bundle in which one thing is changed is refused, but for a written list', { skip }, async (context) => {
  const survivors = new Map<string, Set<string>>();
  let count = 0;
  for (const given of cases.filter(({ name }) => chosen.includes(name))) {
    for (const mutant of mutate(JSON.parse(parseText(given.bundle)) as JsonRecord, { count: 5 })) {
      count++;
      if (!(await isAccepted(given, mutant))) continue;
      const field = findListed(mutant);
      assert.ok(field, `${given.name}: ${mutant.field} ${mutant.change}`);
      survivors.set(field, (survivors.get(field) ?? new Set()).add(given.name));
    }
  }
  assert.deepEqual(Object.fromEntries([...survivors].map(([field, names]) => [field, [...names]])), unauthenticated);
  context.diagnostic(`${count} mutants`);
});

async function isAccepted(given: SigstoreCase, { text }: Mutant): Promise<boolean> {
  try {
    await verifyBundle(parseBundle(encodeText(text)), {
      artifact: { kind: 'bytes', bytes: given.artifact },
      trustedRoot: await readRoot(given),
      signer: await createRequiredSigner(given),
    });
    return true;
  } catch (error) {
    assert.ok(error instanceof TrustError, String(error));
    return false;
  }
}

const roots = new Map<string, ReturnType<typeof parseTrustedRoot>>();

function readRoot({ name, trustedRoot }: SigstoreCase): ReturnType<typeof parseTrustedRoot> {
  const known = roots.get(name) ?? parseTrustedRoot(trustedRoot);
  roots.set(name, known);
  return known;
}

/** The entry of the list that a change falls under: what is lost under the names of all that holds it. */
function findListed({ field, change }: Mutant): string | undefined {
  const isLoss = ['removed', 'made null', 'emptied'].includes(change);
  return Object.keys(unauthenticated).find((listed) => field === listed || (isLoss && field.startsWith(`${listed}.`)));
}
