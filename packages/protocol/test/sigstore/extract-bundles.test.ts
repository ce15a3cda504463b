import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { extractBundles, maxAttestations, maxAttestationsBytes } from '@signpost/protocol/sigstore/extract-bundles';
import fc from 'fast-check';

const first = { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', verificationMaterial: { tlogEntries: [] } };
const second = { ...first, messageSignature: { signature: 'AAAA' } };

function extract(...documents: readonly unknown[]): readonly unknown[] {
  const text = documents.map((document) => JSON.stringify(document)).join('\n');
  return extractBundles(encodeText(text)).map((bundle) => JSON.parse(parseText(bundle)));
}

test('a bundle is itself, on one line or several', () => {
  assert.deepEqual(extract(first), [first]);
  assert.deepEqual(extractBundles(encodeText(JSON.stringify(first, undefined, 1))).length, 1);
});

test('lines of JSON are bundles each', () => {
  assert.deepEqual(extract(first, second), [first, second]);
});

test('what GitHub and npm answer holds bundles', () => {
  const github = { attestations: [{ bundle: first, repository_id: 1, bundle_url: 'https://x' }, { bundle: second }] };
  assert.deepEqual(extract(github), [first, second]);
  const npm = { attestations: [{ predicateType: 'https://slsa.dev/provenance/v1', bundle: second }] };
  assert.deepEqual(extract(npm), [second]);
});

const attestation = {
  version: 1,
  verification_material: { certificate: 'Q0VSVA==', transparency_entries: [{ logIndex: '1' }] },
  envelope: { statement: 'e30=', signature: 'U0lH' },
};
const converted = {
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  verificationMaterial: { certificate: { rawBytes: 'Q0VSVA==' }, tlogEntries: [{ logIndex: '1' }] },
  dsseEnvelope: { payload: 'e30=', payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'U0lH' }] },
};

test('attestations of PyPI become bundles, alone or as provenance of a file', () => {
  assert.deepEqual(extract(attestation), [converted]);
  const publisher = { kind: 'GitHub', repository: 'acme/app', workflow: 'release.yml', claims: { '1': 1.5 } };
  const provenance = { version: 1, attestation_bundles: [{ publisher, attestations: [attestation, attestation] }] };
  assert.deepEqual(extract(provenance), [converted, converted]);
});

const refusals: readonly (readonly [string, TrustErrorCode, unknown])[] = [
  ['that is no object', 'malformed', [first]],
  ['that is something else', 'malformed', { hello: 1 }],
  ['without bundles', 'malformed', { attestations: [] }],
  ['with an address for the bundle', 'malformed', { attestations: [{ bundle: null, bundle_url: 'https://x' }] }],
  ['with too many bundles', 'too_large', { attestations: Array(maxAttestations + 1).fill({ bundle: first }) }],
  ['of another version of PEP 740', 'malformed', { ...attestation, version: 2 }],
  ['of another version of provenance', 'malformed', { version: 2, attestation_bundles: [] }],
  ['without a certificate', 'malformed', { ...attestation, verification_material: { transparency_entries: [] } }],
  ['without log entries', 'malformed', { ...attestation, verification_material: { certificate: 'x' } }],
  ['without an envelope', 'malformed', { ...attestation, envelope: undefined }],
  ['without a signature', 'malformed', { ...attestation, envelope: { statement: 'e30=' } }],
];

for (const [description, code, document] of refusals) {
  test(`a document ${description} is refused`, () => {
    assert.throws(() => extract(document), { name: 'TrustError', code });
  });
}

test('a document above the limits, with a member twice, or without text is refused', () => {
  assert.throws(() => extractBundles(new Uint8Array(maxAttestationsBytes + 1)), { code: 'too_large' });
  assert.throws(() => extract(...Array(maxAttestations + 1).fill(first)), { code: 'too_large' });
  assert.throws(() => extractBundles(encodeText('{"mediaType":"x","mediaType":"x"}')), { code: 'malformed' });
  assert.throws(() => extractBundles(Uint8Array.of(0xff)), { code: 'malformed' });
  assert.throws(() => extractBundles(encodeText('')), { code: 'malformed' });
});

test('whatever a document is, its bundles are found or it is refused', () => {
  const names = [
    'mediaType',
    'attestations',
    'bundle',
    'version',
    'attestation_bundles',
    'verification_material',
    'envelope',
  ];
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>('x', 1, null, true),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (documents) => {
      try {
        extract(...documents);
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
