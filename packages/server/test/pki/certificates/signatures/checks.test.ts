import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { Refusal } from '../../../../src/errors.ts';
import type { SignatureCheck } from '../../../../src/pki/certificates/signatures/check.ts';
import { createSignatureChecks } from '../../../../src/pki/certificates/signatures/checks.ts';
import { ThreadAtNeed } from '../../../../src/pki/certificates/signatures/gathered-work.ts';
import { SignatureThread } from '../../../../src/pki/certificates/signatures/thread.ts';

function createCheck(change: Partial<SignatureCheck> = {}): SignatureCheck {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const message = new TextEncoder().encode('what is signed');
  const signature = new Uint8Array(sign('sha256', message, privateKey));
  return { spki, digest: 'sha256', message, signature, ...change };
}

/** The last octet of the point is another one: it lies on no curve. */
function createUnusable(): SignatureCheck {
  const check = createCheck();
  const spki = check.spki.slice();
  spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
  return { ...check, spki };
}

suite('signature checks', () => {
  const thread = new ThreadAtNeed();
  const checks = createSignatureChecks(thread);
  after(() => thread.close());

  for (const [words, count] of [
    ['alone', 1],
    ['many together', 12],
  ] as const) {
    test(`of good, wrong and unusable keys are told apart, ${words}`, async () => {
      const asked = [
        createCheck(),
        createCheck({ message: new TextEncoder().encode('something else') }),
        createUnusable(),
      ] as const;
      const expected = ['signed', 'not-signed', 'unusable'];
      if (count === 1) {
        for (const [at, check] of asked.entries()) assert.equal(await checks.take(check), expected[at]);
        return;
      }
      const all = Array.from({ length: count / asked.length }, () => asked).flat();
      const results = await Promise.all(all.map((check) => checks.take(check)));
      assert.deepEqual(results, Array.from({ length: count / asked.length }, () => expected).flat());
    });
  }

  test('are refused, not passed, when their thread ends, and the next ones have another', async () => {
    const own = new ThreadAtNeed();
    const work = createSignatureChecks(own);
    const many = () => Promise.allSettled(Array.from({ length: 8 }, () => work.take(createCheck())));
    const asked = many();
    // The thread was just started, and takes longer to load than to end.
    setImmediate(() => void own.close());
    for (const result of await asked) {
      assert.ok(result.status === 'rejected' && result.reason instanceof Refusal);
      assert.equal(result.reason.code, 'unavailable');
    }
    const again = await many();
    assert.ok(again.every((result) => result.status === 'fulfilled' && result.value === 'signed'));
    await own.close();
  });

  test('are refused at once by a thread that has ended', async () => {
    const thread = new SignatureThread();
    await thread.close();
    assert.equal(thread.isAlive, false);
    await assert.rejects(thread.check([createCheck()]), { code: 'unavailable', rule: 'signature-thread' });
  });
});
