/** Every folder of sigstore-conformance before our verifier and @sigstore/verify: they decide alike, but for a written list. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { findMissingData, findSuite } from '../suites.ts';
import { readSigstoreCases, type SigstoreCase, verifySigstoreCase } from './cases.ts';
import { createPeer } from './peer.ts';

const suite = findSuite('sigstore');
const skip = findMissingData(suite, 'sigstore-conformance');

/** What the library accepts and we do not, as the suite wants it. */
const disagreements = [
  // It takes a window without a start for one that has always been open.
  'trust-root-tlog-missing-validity-start_fail',
];

test('both decide alike about every folder, but for a written list', { skip }, async () => {
  const cases = existsSync(suite) ? readSigstoreCases(suite) : [];
  const others: string[] = [];
  for (const given of cases) {
    const ours = await isAccepted(given);
    const theirs = isAcceptedByPeer(given);
    if (ours !== theirs) others.push(given.name);
    if (ours) assert.ok(theirs, `${given.name} is accepted by us alone`);
  }
  assert.deepEqual(others, disagreements);
});

async function isAccepted(given: SigstoreCase): Promise<boolean> {
  try {
    await verifySigstoreCase(given, 'bytes');
    return true;
  } catch (error) {
    assert.ok(error instanceof TrustError);
    return false;
  }
}

/** Not all of its refusals are errors of its own. */
function isAcceptedByPeer(given: SigstoreCase): boolean {
  try {
    createPeer(given)(given);
    return true;
  } catch {
    return false;
  }
}
