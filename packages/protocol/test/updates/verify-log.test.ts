/** A manifest is in the log, or is refused; and a log has one history, or is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { SignableObject, SignableValue } from '@signpost/protocol/json/canonical';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { encodeCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { createManifestEntry } from '@signpost/protocol/updates/log-entry';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import {
  findTrustedLog,
  parseLogProof,
  verifyCheckpoint,
  verifyLogEvidence,
  verifyLogged,
  verifyOneHistory,
} from '@signpost/protocol/updates/verify-log';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import fc from 'fast-check';
import { createTrust, logKey, now, serverKey, signManifest, strangerKey, trustedLogEntry } from '../documents.ts';
import { hashTree } from '../tlog/naive-tree.ts';
import { SmallLog, signNote } from '../tlog/small-log.ts';

const origin = 'updates.example/log';
const log: TrustedLog = { origin, key: await parsePublicKey(logKey.pubkeyB64) };
const trust = await createTrust({ log: trustedLogEntry() });

async function verify(changes: SignableObject = {}): Promise<VerifiedManifest> {
  const bytes = encodeText(await signManifest(changes));
  return verifyManifest(bytes, { trust, project: 'demo', channel: 'stable', now });
}

const manifest = await verify();
const other = await verify({ counter: 6 });

/** A log in which the manifest is entry 4 of 9. */
function openLog(): SmallLog {
  const small = new SmallLog().fill(4);
  small.add(createManifestEntry(manifest, 'default'));
  return small.fill(4);
}

const honest = await openLog().prove(4);

/** The manifest with `proof` beside it. */
function withProof(proof: SignableValue | undefined, subject = manifest): VerifiedManifest {
  return { ...subject, log: proof };
}

test('a manifest is found where its proof says', async () => {
  const position = await verifyLogged(withProof(honest), log);
  assert.deepEqual([position.index, position.organisation, position.checkpoint.size], [4, 'default', 9]);
});

test('wherever a manifest stands in a log of whatever size, its proof holds, and that of no other place does', async () => {
  const sizes = fc.integer({ min: 1, max: 40 }).chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(40), async ([size, index], elsewhere) => {
      const small = new SmallLog().fill(index);
      small.add(createManifestEntry(manifest, 'default'));
      small.fill(size - index - 1);
      const proof = await small.prove(index);
      assert.equal((await verifyLogged(withProof(proof), log)).index, index);
      if (elsewhere !== index) {
        await assert.rejects(verifyLogged(withProof({ ...proof, index: elsewhere }), log), {
          code: 'log_proof_invalid',
        });
      }
    }),
    { numRuns: 40 },
  );
});

test('whatever stands in the place of a proof is refused with a code', async () => {
  const members = fc.record(
    {
      index: fc.oneof(fc.nat(20), fc.string()),
      hashes: fc.oneof(fc.array(fc.oneof(fc.base64String(), fc.nat())), fc.constant('none')),
      checkpoint: fc.oneof(fc.string(), fc.constant(honest.checkpoint as string)),
      organisation: fc.oneof(fc.string(), fc.constant('default')),
    },
    { requiredKeys: [] },
  );
  const values = fc.oneof(members, fc.string(), fc.integer(), fc.array(fc.string()), fc.boolean());
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      await assert.rejects(
        verifyLogged(withProof(value as SignableValue), log),
        (error) => error instanceof TrustError,
      );
    }),
    { numRuns: 100 },
  );
});

async function noteOf(text: string, name = origin, signer = logKey): Promise<SignableObject> {
  return { ...honest, checkpoint: await signNote(text, name, signer) };
}

const head = { size: 9, rootHash: hashTree(openLog().entries), extensions: [] };

const refusals: readonly [string, TrustErrorCode, SignableValue | undefined][] = [
  ['no proof', 'log_proof_missing', undefined],
  ['null for a proof', 'log_proof_missing', null],
  ['the proof of another organisation', 'log_proof_invalid', { ...honest, organisation: 'other' }],
  ['another index', 'log_proof_invalid', { ...honest, index: 5 }],
  ['an index beyond the log', 'log_proof_invalid', { ...honest, index: 9 }],
  ['a proof without its hashes', 'log_proof_invalid', { ...honest, hashes: [] }],
  [
    'a proof with a hash too many',
    'log_proof_invalid',
    { ...honest, hashes: [...(honest.hashes as string[]), encodeBase64(new Uint8Array(32))] },
  ],
  ['a hash of 31 octets', 'log_proof_invalid', { ...honest, hashes: [encodeBase64(new Uint8Array(31))] }],
  ['65 hashes', 'too_large', { ...honest, hashes: new Array<string>(65).fill(encodeBase64(new Uint8Array(32))) }],
  ['a checkpoint of 32,769 characters', 'too_large', { ...honest, checkpoint: 'x'.repeat(32_769) }],
  ['a checkpoint that nobody signed', 'malformed', { ...honest, checkpoint: encodeCheckpoint({ origin, ...head }) }],
  [
    'the checkpoint of another log',
    'log_untrusted',
    await new SmallLog({ origin: 'other.example/log' }, openLog().entries).prove(4),
  ],
  [
    'a checkpoint by another key under the name of the log',
    'bad_signature',
    await noteOf(encodeCheckpoint({ origin, ...head }), origin, strangerKey),
  ],
  [
    'a checkpoint changed after signing',
    'bad_signature',
    { ...honest, checkpoint: (honest.checkpoint as string).replace('\n9\n', '\n8\n') },
  ],
  [
    'a checkpoint of another origin that the key of the log signed',
    'log_untrusted',
    await noteOf(encodeCheckpoint({ ...head, origin: 'other.example/log' })),
  ],
];

for (const [name, code, proof] of refusals) {
  test(`a manifest with ${name} is refused with ${code}`, async () => {
    await assert.rejects(verifyLogged(withProof(proof), log), { code });
  });
}

test('the proof of another manifest proves nothing of this one', async () => {
  await assert.rejects(verifyLogged(withProof(honest, other), log), { code: 'log_proof_invalid' });
});

test('a log whose key is revoked counts for nothing', async () => {
  const revoked_keys = [{ key_id: logKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' }];
  const list = await createTrust({ log: trustedLogEntry(), revoked_keys });
  assert.throws(() => findTrustedLog(list), { code: 'key_revoked' });
  const without = await createTrust({ revoked_keys });
  assert.throws(() => findTrustedLog(without, log), { code: 'key_revoked' });
  assert.equal(findTrustedLog(without), undefined);
  const key = await parsePublicKey(serverKey.pubkeyB64);
  assert.throws(() => findTrustedLog(without, { origin, key }), { code: 'key_out_of_scope' });
  assert.equal(findTrustedLog(trust)?.origin, origin);
});

test('what follows the text of a checkpoint by others is let be, such as cosignatures of witnesses', async () => {
  const line = (await signNote(encodeCheckpoint({ origin, ...head }), 'witness.example', strangerKey)).split('\n\n')[1];
  const checkpoint = `${honest.checkpoint}${line}`;
  const { index, checkpoint: verified } = await verifyLogged(withProof({ ...honest, checkpoint }), log);
  assert.deepEqual([index, verified.note], [4, honest.checkpoint], 'and is not kept');
  assert.equal(parseLogProof({ ...honest, checkpoint }).checkpoint, checkpoint);
});

async function refusalOf(refused: Promise<unknown>): Promise<TrustError> {
  const error = await refused.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof TrustError, String(error));
  return error;
}

test('evidence that proves nothing by itself is refused', async () => {
  const [small, forked] = [new SmallLog().fill(9), new SmallLog().fill(5).fill(4, 'forked')];
  const [seen, shown] = [await small.checkpoint(7), await forked.checkpoint()];
  const checkpoints = { seen: await verifyCheckpoint(seen, log), shown: await verifyCheckpoint(shown, log) };
  const { evidence } = await refusalOf(verifyOneHistory({ ...checkpoints, source: forked }));
  await verifyLogEvidence(evidence, log);
  await verifyLogEvidence([await small.checkpoint(), shown], log);
  const [, , proof = ''] = evidence;
  for (const [forged, code] of [
    [[seen, shown], 'malformed'],
    [[seen, seen], 'log_proof_invalid'],
    [[seen, await small.checkpoint(), proof], 'log_proof_invalid'],
    [[await forked.checkpoint(7), shown, proof], 'log_proof_invalid'],
    [[seen, shown, proof.replace(/"hashes":\["./, '"hashes":["?')], 'malformed'],
    [[await new SmallLog({ signer: strangerKey }).checkpoint(), shown, proof], 'bad_signature'],
  ] as const) {
    assert.equal((await refusalOf(verifyLogEvidence(forged, log))).code, code);
  }
});

test('trees of one log have one history, whichever was seen first; those of a log that forked have none', async () => {
  const trees = fc.record({
    left: fc.integer({ min: 1, max: 600 }),
    right: fc.integer({ min: 1, max: 600 }),
    at: fc.nat(599),
  });
  await fc.assert(
    fc.asyncProperty(trees, async ({ left, right, at }) => {
      const [size, smaller] = [Math.max(left, right), Math.min(left, right)];
      const small = new SmallLog().fill(size);
      const seen = await verifyCheckpoint(await small.checkpoint(left), log);
      await verifyOneHistory({
        seen,
        shown: await verifyCheckpoint(await small.checkpoint(right), log),
        source: small,
      });
      const forked = small.fork(at % smaller).fill(size - (at % smaller), 'forked');
      const [mine, theirs] = left < right ? [small, forked] : [forked, small];
      const shown = await verifyCheckpoint(await forked.checkpoint(right), log);
      const { code: refused, evidence } = await refusalOf(verifyOneHistory({ seen, shown, source: theirs }));
      assert.deepEqual([refused, ...evidence.slice(0, 2)], ['log_inconsistent', seen.note, shown.note]);
      await verifyLogEvidence(evidence, log);
      // The tiles of the smaller tree's history show nothing of the larger one.
      const code = left === right ? 'log_inconsistent' : 'log_proof_invalid';
      await assert.rejects(verifyOneHistory({ seen, shown, source: mine }), { code });
    }),
    { numRuns: 12 },
  );
});
