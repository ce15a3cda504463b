/**
 * The public suite of bundles (docs/protocol/bundles.md): every folder as expected, with its artifact as bytes and as digest,
 * and refused for the reason that is written down here.
 * @see https://github.com/sigstore/sigstore-conformance
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { findMissingData, findSuite } from '../suites.ts';
import { readSigstoreCases, type SigstoreCase, verifySigstoreCase } from './cases.ts';

const suite = findSuite('sigstore');
const skip = findMissingData(suite, 'sigstore-conformance');
const cases = existsSync(suite) ? readSigstoreCases(suite) : [];

/** Why each folder whose name ends in `_fail` is refused. */
const reasons: Readonly<Record<string, TrustErrorCode>> = {
  'bundle-empty-certificate-chain_fail': 'malformed',
  'bundle-from-wrong-instance_fail': 'log_untrusted',
  'bundle-invalid-base64-signature_fail': 'malformed',
  'bundle-malformed-json_fail': 'malformed',
  'bundle-negative-log-index_fail': 'malformed',
  'bundle-unknown-version_fail': 'malformed',
  'bundle-with-root-cert_fail': 'malformed',
  'checkpoint-bad-keyhint_fail': 'log_proof_invalid',
  'checkpoint-wrong-roothash_fail': 'log_proof_invalid',
  'dsse-invalid-sig_fail': 'log_entry_mismatch',
  'dsse-mismatch-envelope_fail': 'log_entry_mismatch',
  'dsse-mismatch-sig_fail': 'log_entry_mismatch',
  'inclusion-proof-corrupted-hash_fail': 'log_proof_invalid',
  'incorrect-public-key_fail': 'log_proof_invalid',
  'integrated-time-in-future_fail': 'certificate_expired',
  'intoto-expired-certificate_fail': 'certificate_expired',
  'intoto-log-entry-mismatch_fail': 'log_entry_mismatch',
  'intoto-missing-inclusion-proof_fail': 'log_proof_invalid',
  'intoto-set-outside-signing-cert-validity_fail': 'certificate_expired',
  'intoto-tsa-timestamp-outside-cert-validity_fail': 'certificate_expired',
  'invalid-checkpoint-signature_fail': 'log_proof_invalid',
  'invalid-ct-key_fail': 'sct_invalid',
  'invalid-inclusion-proof_fail': 'log_proof_invalid',
  'managed-key-no-key_fail': 'identity_mismatch',
  'managed-key-wrong-key_fail': 'malformed',
  'message-digest-mismatch_fail': 'log_entry_mismatch',
  'rekor2-checkpoint-missing-log-signature_fail': 'log_proof_invalid',
  'rekor2-checkpoint-missing-origin_fail': 'log_proof_invalid',
  'rekor2-checkpoint-missing-root-hash_fail': 'log_proof_invalid',
  'rekor2-checkpoint-missing-size_fail': 'log_proof_invalid',
  'rekor2-checkpoint-no-matching-signature_fail': 'log_proof_invalid',
  'rekor2-dsse-invalid-sig_fail': 'log_entry_mismatch',
  'rekor2-dsse-mismatch-envelope_fail': 'log_entry_mismatch',
  'rekor2-dsse-mismatch-sig_fail': 'log_entry_mismatch',
  'rekor2-no-inclusion-proof_fail': 'log_proof_invalid',
  'rekor2-no-timestamp_fail': 'signed_time_missing',
  'rekor2-timestamp-outside-trust-root-tsa-validity_fail': 'certificate_untrusted',
  'rekor2-timestamp-outside-tsa-cert-validity_fail': 'certificate_expired',
  'rekor2-timestamp-payload-mismatch_fail': 'timestamp_invalid',
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': 'certificate_untrusted',
  'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail': 'certificate_untrusted',
  'rekor2-timestamp-with-incorrect-time_fail': 'malformed',
  'set-invalid-signature_fail': 'log_proof_invalid',
  'signature-mismatch_fail': 'log_entry_mismatch',
  'trust-root-tlog-missing-validity-start_fail': 'trusted_root_invalid',
  'wrong-hashedrekord-artifact_fail': 'log_entry_mismatch',
  'wrong-hashedrekord-cert-and-sig_fail': 'log_entry_mismatch',
  'wrong-hashedrekord-entry_fail': 'log_entry_mismatch',
  'wrong-material_fail': 'digest_mismatch',
};

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
