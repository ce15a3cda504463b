/** DSSE envelopes (secure-systems-lab/dsse, version 1.0): the specification's vector, round trips, and each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseHex } from '@signpost/protocol/bytes/hex';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import {
  type Envelope,
  encodeEnvelope,
  encodePae,
  maxEnvelopeSignatures,
  parseEnvelope,
} from '@signpost/protocol/dsse/envelope';
import { type EnvelopeKey, verifyEnvelope } from '@signpost/protocol/dsse/verify-envelope';
import { TrustError } from '@signpost/protocol/errors';
import { encodeEcdsaSignature } from '@signpost/protocol/keys/ecdsa-signature';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { encodeEcKey } from '@signpost/protocol/keys/subject-key';
import { importPublicKey, importSubjectKey } from '@signpost/protocol/keys/verification-key';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import { refuses } from '../refuses.ts';

const payloadType = 'http://example.com/HelloWorld';
/** The vector of protocol.md. */
const vector =
  '{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"sig":"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}';
const [x, y] = [
  46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  5640078356564379163099075877009565129882514886557779369047442380624545832820n,
].map((number) => number.toString(16).padStart(64, '0'));
const algorithm = { kind: 'ecdsa', hash: 'SHA-256' } as const;

async function createKey(): Promise<EnvelopeKey & { sign(envelope: Envelope): Promise<Envelope> }> {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
  return {
    key: await importSubjectKey(signer.subjectKey),
    algorithm,
    sign: async (envelope) => {
      const signature = await signer.sign(encodePae(envelope.payloadType, envelope.payload));
      return { ...envelope, signatures: [...envelope.signatures, { keyId: '', signature }] };
    },
  };
}

const unsigned: Envelope = { payloadType, payload: encodeText('hello world'), signatures: [] };
const [first, second] = [await createKey(), await createKey()];

test('the vector of the specification has the stated encoding, and its signature verifies', async () => {
  const envelope = parseEnvelope(encodeText(vector));
  assert.equal(parseText(envelope.payload), 'hello world');
  assert.equal(
    parseText(encodePae(envelope.payloadType, envelope.payload)),
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
  const key = await importPublicKey(encodeEcKey('P-256', parseHex(`04${x}${y}`)));
  // The specification's signature is two bare numbers; ours are DER, as all signers of today write them.
  const signatures = envelope.signatures.map((one) => ({ ...one, signature: encodeEcdsaSignature(one.signature) }));
  const verified = await verifyEnvelope({ ...envelope, signatures }, { payloadType, keys: [{ key, algorithm }] });
  assert.equal(parseText(verified.payload), 'hello world');
});

test('what is written is read again', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((one) => Uint8Array.from(one));
  const signature = fc.record(
    { keyId: fc.string({ unit: codePoint }).map(toText), signature: bytes },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.record(
        {
          payloadType: fc.string({ minLength: 1 }),
          payload: bytes,
          signatures: fc.array(signature, { minLength: 1, maxLength: 5 }),
        },
        { noNullPrototype: true },
      ),
      (envelope) => assert.deepEqual(parseEnvelope(encodeText(encodeEnvelope(envelope))), envelope),
    ),
  );
});

/** Without what the JSON profile does not carry. */
function toText(text: string): string {
  return text.replaceAll(/[\u2028\u2029]/g, '').toWellFormed();
}

test('anything else is refused, and by nothing but a TrustError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      try {
        parseEnvelope(encodeText(text));
      } catch (error) {
        assert.ok(error instanceof TrustError);
      }
    }),
  );
});

for (const [words, change] of [
  ['without payload', { payload: undefined }],
  ['with base64 for URLs', { payload: 'a_b-' }],
  ['with an empty type', { payloadType: '' }],
  ['without signatures', { signatures: [] }],
  ['with an empty signature', { signatures: [{ sig: '' }] }],
  ['with a member that is unknown', { extra: 1 }],
  ['with a signature that has a member that is unknown', { signatures: [{ sig: 'AAAA', extra: 1 }] }],
] as const) {
  test(`an envelope ${words} is refused`, () => {
    const text = JSON.stringify({ ...JSON.parse(vector), ...change });
    assert.throws(() => parseEnvelope(encodeText(text)), refuses('malformed'));
  });
}

test('an envelope with too many signatures is refused', () => {
  const signatures = Array.from({ length: maxEnvelopeSignatures + 1 }, () => ({ sig: 'AAAA' }));
  const text = JSON.stringify({ ...JSON.parse(vector), signatures });
  assert.throws(() => parseEnvelope(encodeText(text)), refuses('too_large'));
});

test('a threshold counts keys, not signatures, and not the same key twice', async () => {
  const twice = await first.sign(await first.sign(unsigned));
  const requirements = { payloadType, keys: [first, second, first], threshold: 2 };
  await assert.rejects(verifyEnvelope(twice, requirements), refuses('bad_signature', /2 of the keys, got 1/));
  const { keys } = await verifyEnvelope(await second.sign(twice), requirements);
  assert.deepEqual(
    keys.map(({ key }) => key),
    [first.key, second.key],
  );
});

test('a signature over another type, another payload or by another key is refused', async () => {
  const signed = await first.sign(unsigned);
  const keys = [first];
  await assert.rejects(verifyEnvelope(signed, { payloadType: 'text/plain', keys }), refuses('malformed'));
  const relabelled = { ...signed, payloadType: 'text/plain' };
  await assert.rejects(verifyEnvelope(relabelled, { payloadType: 'text/plain', keys }), refuses('bad_signature'));
  const changed = { ...signed, payload: parseBase64('AAAA') };
  await assert.rejects(verifyEnvelope(changed, { payloadType, keys }), refuses('bad_signature'));
  await assert.rejects(verifyEnvelope(signed, { payloadType, keys: [second] }), refuses('bad_signature'));
  await assert.rejects(verifyEnvelope(signed, { payloadType, keys, threshold: 0 }), TypeError);
});
