import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { encodeEnvelope, parseEnvelope, signEnvelope } from '@signpost/protocol/updates/envelope';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import fc from 'fast-check';
import {
  aliceKey,
  bobKey,
  createRoots,
  createTrust,
  manifestDocument,
  now,
  rootA,
  signManifest,
  signTrust,
} from '../documents.ts';

/** A place, and what is added to the byte there. */
const changes = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));

/**
 * Nobody signs the envelope itself. A change in the name of its member `signatures` makes an envelope of the older format
 * with a member that nobody knows: the same document under the same signature, and no other change is forgiven.
 */
function isUnsigned(text: string, at: number): boolean {
  const start = text.indexOf('"signatures"');
  return at > start && at < start + '"signatures"'.length - 1;
}

async function assertOnlyHonest(text: string, [place, add]: readonly [number, number], decide: Decide): Promise<void> {
  const at = place % text.length;
  const changed = encodeText(text).map((byte, index) => (index === at ? byte + add : byte));
  const outcome = await decide(changed).then(
    ({ digest }) => digest,
    (error: unknown) => assert.ok(error instanceof TrustError, String(error)),
  );
  const allowed = isUnsigned(text, at) ? (await decide(encodeText(text))).digest : undefined;
  assert.ok(outcome === undefined || outcome === allowed, `byte ${at} plus ${add}`);
}

type Decide = (bytes: Uint8Array<ArrayBuffer>) => Promise<{ readonly digest: string }>;

async function codeOf(decide: Promise<unknown>): Promise<string> {
  return decide.then(
    () => 'accepted',
    (error: unknown) => {
      assert.ok(error instanceof TrustError, String(error));
      return error.code;
    },
  );
}

test('a trust list with any one byte changed is refused', async () => {
  const text = await signTrust();
  const roots = await createRoots([rootA]);
  const decide: Decide = (bytes) => verifyTrustList(bytes, { roots, now });
  await fc.assert(
    fc.asyncProperty(changes, (change) => assertOnlyHonest(text, change, decide)),
    { numRuns: 1500 },
  );
});

test('every single bit of a manifest matters', async () => {
  const text = await signManifest();
  const context = { trust: await createTrust(), project: 'demo', channel: 'stable', now };
  const bytes = encodeText(text);
  for (let place = 0; place < bytes.length; place++) {
    for (let bit = 1; bit < 256; bit *= 2) {
      const byte = bytes[place] ?? 0;
      await assertOnlyHonest(text, [place, (byte ^ bit) - byte], (changed) => verifyManifest(changed, context));
    }
  }
});

test('a cut or a prolonged envelope is refused', async () => {
  const text = await signManifest();
  const context = { trust: await createTrust(), project: 'demo', channel: 'stable', now };
  for (let length = 0; length < text.length; length++) {
    assert.equal(await codeOf(verifyManifest(encodeText(text.slice(0, length)), context)), 'malformed');
  }
  assert.equal(await codeOf(verifyManifest(encodeText(`${text}0`), context)), 'malformed');
});

test('an envelope is canonical as it is written', async () => {
  const text = await signEnvelope('manifest', manifestDocument(), [bobKey, aliceKey]);
  assert.equal(parseEnvelope(encodeText(text), 'manifest', 10_000).text, text);
});

test('the signature for older clients is that of the key that the document names', async () => {
  const text = await signEnvelope('manifest', manifestDocument({ key_id: aliceKey.keyId }), [bobKey, aliceKey]);
  const envelope = parseEnvelope(encodeText(text), 'manifest', 10_000);
  assert.equal(envelope.signer, aliceKey.keyId);
  assert.deepEqual(envelope.signature, await aliceKey.sign(envelope.signedBytes));
});

test('the signature for older clients is the first one when the document names no key', async () => {
  const envelope = parseEnvelope(encodeText(await signTrust({}, [bobKey, aliceKey])), 'trust', 10_000);
  assert.equal(envelope.signer, bobKey.keyId);
});

test('an envelope above its limit is refused', async () => {
  assert.throws(() => parseEnvelope(new Uint8Array(101), 'trust', 100), { code: 'too_large' });
});

test('an envelope without signatures is a mistake of the programmer', () => {
  assert.throws(() => encodeEnvelope('trust', { a: 1 }, []), TypeError);
});
