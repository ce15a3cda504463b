/** Timestamps that are not as asked, or not as RFC 3161 wants them, are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDer } from '@signpost/protocol/asn1/reader';
import { constructedTag } from '@signpost/protocol/asn1/tag';
import {
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
} from '@signpost/protocol/asn1/writer';
import { encodeText } from '@signpost/protocol/bytes/text';
import { contentTypes } from '@signpost/protocol/cms/oids';
import { parseSignedData } from '@signpost/protocol/cms/signed-data';
import { encodeTimestampInfo, parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import { createImprint, encodeTimestampRequest, parseTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { encodeSignedData } from '@signpost/protocol/cms/write-signed-data';
import { createTimestampSigner } from '@signpost/protocol/cms/write-timestamp';
import { TrustError } from '@signpost/protocol/errors';
import { purposes } from '@signpost/protocol/x509/oids';
import fc from 'fast-check';
import { createAuthority, now, type PartyOptions } from '../x509/authority.ts';
import { createTsa, describeTime, intermediate, message, refuses, sign, tsa, verify } from './scene.ts';

test('a timestamp of something else, without the nonce, or of another policy is refused', async () => {
  const token = await sign({ nonce: Uint8Array.of(7) });
  const other = await createImprint(encodeText('something else'), 'SHA-256');
  await assert.rejects(verify(token, { imprint: other }), refuses('timestamp_invalid', /this digest/));
  await assert.rejects(
    verify(token, { imprint: await createImprint(message, 'SHA-512') }),
    refuses('timestamp_invalid', /this digest/),
  );
  await assert.rejects(verify(token, { nonce: Uint8Array.of(8) }), refuses('timestamp_invalid', /nonce.*another/));
  await assert.rejects(verify(await sign(), { nonce: Uint8Array.of(8) }), refuses('timestamp_invalid', /nonce.*none/));
  await assert.rejects(verify(token, { policy: '1.2.3' }), refuses('timestamp_invalid', /policy 1\.2\.3/));
});

const badCertificates: readonly (readonly [string, PartyOptions['extensions'], RegExp])[] = [
  ['without a purpose', { extendedKeyUsage: undefined }, /one without purposes/],
  ['for servers', { extendedKeyUsage: { purposes: [purposes.serverAuth], critical: true } }, /other purposes/],
  [
    'for servers too',
    { extendedKeyUsage: { purposes: [purposes.timeStamping, purposes.serverAuth], critical: true } },
    /other purposes/,
  ],
  ['whose purpose is not critical', { extendedKeyUsage: { purposes: [purposes.timeStamping] } }, /critical/],
  [
    'of an authority',
    { basicConstraints: { isAuthority: true, pathLength: undefined }, keyUsage: ['digitalSignature', 'keyCertSign'] },
    /an authority's/,
  ],
  ['whose key agrees on keys', { keyUsage: ['keyAgreement'] }, /a key that signs/],
];

for (const [name, extensions, text] of badCertificates) {
  test(`a timestamp by a certificate ${name} is refused`, async () => {
    const by = await createTsa({ extensions: extensions ?? {} });
    await assert.rejects(verify(await sign({}, by)), refuses('timestamp_invalid', text));
  });
}

test('the certificate counts at the time of the timestamp, unless another is asked for', async () => {
  const by = await createTsa({ notAfter: now + 1000 });
  const token = await sign({}, by);
  await verify(token);
  await assert.rejects(verify(token, { at: now + 5000 }), refuses('certificate_expired'));
  await assert.rejects(verify(await sign({ time: now + 5000 }, by)), refuses('certificate_expired'));
});

test('a timestamp by strangers is refused, and so is one whose certificate is nowhere', async () => {
  const stranger = await createAuthority();
  await assert.rejects(verify(await sign({}, await createTsa({ issuer: stranger }))), refuses('certificate_untrusted'));
  const signer = await createTimestampSigner(tsa.certificate, [], tsa.signer);
  const bare = await signer.sign(await describeTime(), { withCertificates: false });
  await assert.rejects(verify(bare), refuses('certificate_untrusted', /certificate of the signer/));
  await verify(bare, { intermediates: [tsa.certificate, intermediate.certificate] });
});

/** A token whose signed attributes beside content type and digest are these. */
async function signWith(attributes: readonly DerValue[], contentType: string = contentTypes.timestampInfo) {
  const content = encodeTimestampInfo(await describeTime());
  const certificates = [tsa.certificate.bytes, intermediate.certificate.bytes];
  return encodeSignedData({ contentType, content, certificate: tsa.certificate, certificates, attributes }, tsa.signer);
}

test('the signer must name its certificate, and this one', async () => {
  await assert.rejects(verify(await signWith([])), refuses('timestamp_invalid', /signing certificate to be named/));
  const again = await createTsa({ pkcs8: tsa.pkcs8 });
  const signer = await createTimestampSigner(again.certificate, [], tsa.signer);
  const swapped = await signer.sign(await describeTime(), { withCertificates: false });
  const [first] = parseSignedData(swapped).signers;
  const value = first?.signedAttributes.get('1.2.840.113549.1.9.16.2.47') ?? new Uint8Array();
  const attribute = sequence(oid('1.2.840.113549.1.9.16.2.47'), setOf([encoded(value)]));
  await assert.rejects(verify(await signWith([attribute])), refuses('timestamp_invalid', /that the signer named/));
});

test('a signature over other content or attributes does not verify', async () => {
  const token = await sign();
  const text = Buffer.from(token);
  const at = text.indexOf(Buffer.from((await createImprint(message, 'SHA-256')).digest));
  const changed = new Uint8Array(token);
  changed[at] = (changed[at] ?? 0) ^ 1;
  await assert.rejects(verify(changed), refuses('digest_mismatch'));
  const last = new Uint8Array(token);
  last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
  await assert.rejects(verify(last), refuses('bad_signature'));
  const data = await signWith([], '1.2.3');
  await assert.rejects(verify(data), refuses('timestamp_invalid', /content 1\.2\.3/));
});

/** The token with its SignedData's members changed. */
function rebuild(
  token: Uint8Array<ArrayBuffer>,
  change: (members: Uint8Array[]) => Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const members = parseDer(token, { maxBytes: 100_000 }, (reader) => {
    const info = reader.readSequence();
    info.readOid();
    return info.readExplicit(0, (one) => one.readSequence().readAll((member) => member.readElement().bytes)) ?? [];
  });
  const signed = sequence(...change(members).map(encoded));
  return encodeDer(sequence(oid(contentTypes.signedData), constructed(constructedTag(0), [signed])));
}

test('two signers, none, or one without signed attributes are refused', async () => {
  const token = await sign();
  const twice = rebuild(token, (members) => {
    const signers = members.at(-1) ?? new Uint8Array();
    const one = parseDer(new Uint8Array(signers), { maxBytes: 10_000 }, (reader) =>
      reader.readConstructed(0x31).readElement(),
    );
    return [...members.slice(0, -1), encodeDer(constructed(0x31, [encoded(one.bytes), encoded(one.bytes)]))];
  });
  await assert.rejects(verify(twice), refuses('timestamp_invalid', /one signer, got 2/));
  const none = rebuild(token, (members) => [...members.slice(0, -1), Uint8Array.of(0x31, 0)]);
  await assert.rejects(verify(none), refuses('timestamp_invalid', /one signer, got 0/));
  const plain = rebuild(token, (members) => [...members.slice(0, -1), bareSigner()]);
  await assert.rejects(verify(plain), refuses('malformed', /signed attributes/));
});

function bareSigner(): Uint8Array {
  const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'));
  const issuerSerial = sequence(encoded(tsa.certificate.issuer.bytes), integer(1));
  const ecdsa = sequence(oid('1.2.840.10045.4.3.2'));
  return encodeDer(setOf([sequence(integer(1), issuerSerial, sha256, ecdsa, octetString(new Uint8Array(64)))]));
}

test('weak hashes, wrong lengths, large requests and odd answers are refused', async () => {
  const sha1 = sequence(sequence(oid('1.3.14.3.2.26')), octetString(new Uint8Array(20)));
  const weak = encodeDer(sequence(integer(1), sha1));
  assert.throws(() => parseTimestampRequest(weak), refuses('algorithm_unsupported'));
  const imprint = sequence(sequence(oid('2.16.840.1.101.3.4.2.1')), octetString(new Uint8Array(31)));
  assert.throws(
    () => parseTimestampRequest(encodeDer(sequence(integer(1), imprint))),
    refuses('malformed', /32 octets/),
  );
  assert.throws(() => parseTimestampRequest(new Uint8Array(9000)), refuses('too_large'));
  const empty = encodeDer(sequence(sequence(integer(0))));
  assert.throws(() => parseTimestampResponse(empty), refuses('malformed', /if and only if/));
  const both = encodeDer(sequence(sequence(integer(2)), encoded(await sign())));
  assert.throws(() => parseTimestampResponse(both), refuses('malformed', /if and only if/));
  assert.throws(
    () =>
      encodeTimestampRequest({
        imprint: { hash: 'SHA-256', digest: new Uint8Array(3) },
        policy: undefined,
        nonce: undefined,
        certificatesWanted: false,
      }),
    TypeError,
  );
});

test('no bytes lead to another error than a refusal', async () => {
  const token = await sign();
  const damage = fc.tuple(fc.nat(token.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = new Uint8Array(token);
      for (const [at, octet] of changes) bytes[at] = octet;
      await verify(bytes).catch((error) => assert.ok(error instanceof TrustError, String(error)));
    }),
    { numRuns: 200 },
  );
  const reads = [parseSignedData, parseTimestampInfo, parseTimestampRequest, parseTimestampResponse];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...reads), (bytes, parse) => {
      try {
        parse(new Uint8Array(bytes));
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
  );
});
