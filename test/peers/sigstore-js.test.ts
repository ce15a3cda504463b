/** The minted bundles before @sigstore/verify, with which the npm command verifies: where it decides as we do, and where it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedCases } from '../../packages/protocol/test/sigstore/hard/accepted.ts';
import { certificateCases } from '../../packages/protocol/test/sigstore/hard/certificates.ts';
import { type HardCase, judge, usualIdentity } from '../../packages/protocol/test/sigstore/hard/judge.ts';
import { logEntryCases } from '../../packages/protocol/test/sigstore/hard/log-entries.ts';
import { parsingCases } from '../../packages/protocol/test/sigstore/hard/parsing.ts';
import { semanticCases } from '../../packages/protocol/test/sigstore/hard/semantics.ts';
import { timeCases } from '../../packages/protocol/test/sigstore/hard/times.ts';
import { trustedRootCases } from '../../packages/protocol/test/sigstore/hard/trusted-roots.ts';
import { artifact } from '../../packages/protocol/test/sigstore/mint/bundle.ts';
import { createPeer } from '../conformance/sigstore/peer.ts';

const cases = [
  ...acceptedCases,
  ...certificateCases,
  ...timeCases,
  ...trustedRootCases,
  ...logEntryCases,
  ...parsingCases,
  ...semanticCases,
];

/** The library asks for the usual signer and artifact, and for one of each kind of evidence: cases that ask for more are left out. */
const comparable = cases.filter((one) => one.require === undefined);

async function isAcceptedByPeer(one: HardCase): Promise<boolean> {
  const { minted } = await judge(one);
  const [bundle, root] = [JSON.stringify(minted.bundle), JSON.stringify(minted.root)];
  const given = {
    name: one.name,
    bundle: Buffer.from(one.bundleText?.(bundle) ?? bundle),
    trustedRoot: Buffer.from(one.rootText?.(root) ?? root),
    artifact,
    identity: usualIdentity.subject,
    issuer: usualIdentity.issuer,
    key: undefined,
  };
  try {
    createPeer(given)(given);
    return true;
  } catch {
    return false;
  }
}

/** What we accept and the library does not. */
const refusedByPeer = [
  // It wants every timestamp of a certificate by a log that it knows.
  'a certificate timestamp of an unknown log beside a good one',
  // It takes intermediates from the trusted root alone.
  'an intermediate that only the bundle has, below a trusted root',
  // It asks for a digest before Ed25519, which takes the message itself.
  'an Ed25519 key',
  // It wants the authority's own certificate in the trusted root.
  'an authority of timestamps, its certificate in the token',
  // It wants each log once.
  'two entries of one log',
];

test('what we accept the library accepts, but for a written list; of what we refuse it lets 100 through', async () => {
  const refused: string[] = [];
  const accepted: string[] = [];
  for (const one of comparable) {
    const isAccepted = await isAcceptedByPeer(one);
    if (!isAccepted && one.wanted === 'accepted') refused.push(one.name);
    if (isAccepted && one.wanted !== 'accepted') accepted.push(one.name);
  }
  assert.deepEqual(refused, refusedByPeer);
  assert.equal(accepted.length, 100, accepted.join('; '));
});
