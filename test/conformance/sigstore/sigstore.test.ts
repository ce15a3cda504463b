/**
 * The public suite of bundles (docs/protocol/bundles.md): every folder as expected, with its artifact as bytes and as digest,
 * and refused for the reason that is written down here.
 * @see https://github.com/sigstore/sigstore-conformance
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { findMissingData, findSuite } from '../suites.ts';
import { readSigstoreCases, type SigstoreCase, verifySigstoreCase } from './cases.ts';
import { reasons } from './reasons.ts';

const suite = findSuite('sigstore');
const skip = findMissingData(suite, 'sigstore-conformance');
const cases = existsSync(suite) ? readSigstoreCases(suite) : [];

/** `accepted`, or the code of the refusal; other errors go on up. */
async function judge(given: SigstoreCase, form: 'bytes' | 'digests'): Promise<string> {
  try {
    await verifySigstoreCase(given, form);
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

for (const form of ['bytes', 'digests'] as const) {
  test(`every folder of sigstore-conformance is judged as expected, with ${form}`, { skip }, async (context) => {
    assert.equal(cases.length, 70);
    for (const given of cases) {
      assert.equal(await judge(given, form), reasons[given.name] ?? 'accepted', given.name);
      assert.equal(given.name.endsWith('_fail'), given.name in reasons, given.name);
    }
    context.diagnostic(`${cases.length} of 70 folders as expected`);
  });
}

test('a token from after the certificate is refused also when its base64 has no line feeds', { skip }, async () => {
  const given = cases.find(({ name }) => name === 'rekor2-timestamp-with-incorrect-time_fail');
  assert.ok(given);
  const bundle = encodeText(
    parseText(given.bundle).replaceAll('\\n', (found, at: number, text: string) =>
      // Those in the checkpoint belong there.
      /"signedTimestamp": ?"[^"]*$/.test(text.slice(0, at)) ? '' : found,
    ),
  );
  assert.equal(await judge({ ...given, bundle }, 'bytes'), 'certificate_expired');
});
