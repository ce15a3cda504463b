/** What an OCSP response is worth: one test for each way in which it is worth nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { type OcspRequirements, verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { encodeOcspFailure } from '@signpost/protocol/x509/ocsp/write-response';
import { purposes } from '@signpost/protocol/x509/oids';
import fc from 'fast-check';
import { createAuthority, createServer, now, type Party, type PartyOptions } from '../authority.ts';
import { createResponder, describeStatus, hourMs, respond } from './responses.ts';

const root = await createAuthority();
const host = await createServer({ issuer: root });
const other = await createServer({ issuer: root });
const responder = await createResponder(root);

function verify(bytes: Uint8Array<ArrayBuffer>, more: Partial<OcspRequirements> = {}) {
  const requirements = { certificate: host.certificate, issuer: root.certificate, at: now, ...more };
  return verifyOcspResponse(parseOcspResponse(bytes), requirements);
}

async function respondBy(signer: Party, certificates = [signer.certificate]) {
  return respond(signer, [await describeStatus(host, root)], { certificates });
}

test('good is good when the issuer says so, or whom it appointed', async () => {
  const direct = await verify(await respondBy(root, []));
  assert.equal(direct.responder, root.certificate);
  const delegated = await verify(await respondBy(responder));
  assert.deepEqual(delegated.responder, responder.certificate);
  assert.equal(delegated.nextUpdate, now + hourMs);
});

test('among several statuses that of the certificate counts, whatever hash names it', async () => {
  const revoked = { kind: 'revoked', revokedAt: now, reason: 'keyCompromise' } as const;
  const id = await createCertificateId(host.certificate, root.certificate, 'SHA-384');
  const others = await describeStatus(other, root, { status: revoked });
  await verify(await respond(responder, [others, await describeStatus(host, root, { id })]));
  const turned = [await describeStatus(other, root), await describeStatus(host, root, { id, status: revoked })];
  await assert.rejects(verify(await respond(responder, turned)), {
    code: 'certificate_revoked',
    message: /keyCompromise/,
  });
});

test('unknown, a failure, another certificate and two statuses of one are all unknown', async () => {
  const unknown = await describeStatus(host, root, { status: { kind: 'unknown' } });
  const single = await describeStatus(host, root);
  for (const bytes of [
    await respond(responder, [unknown]),
    encodeOcspFailure('tryLater'),
    await respond(responder, [await describeStatus(other, root)]),
    await respond(responder, [single, unknown]),
  ]) {
    await assert.rejects(verify(bytes), { code: 'revocation_unknown' });
  }
});

test('the same serial number under another issuer is another certificate', async () => {
  const stranger = await createAuthority({ name: [['CN', 'Stranger']] });
  const { serialNumber } = host.certificate;
  const double = await createServer({ issuer: stranger, serialNumber });
  await assert.rejects(verify(await respond(responder, [await describeStatus(double, stranger)])), {
    code: 'revocation_unknown',
  });
});

test('a status out of its time is unknown, within the skew of clocks it counts', async () => {
  const times = async (thisUpdate: number, nextUpdate: number | undefined) =>
    respond(responder, [await describeStatus(host, root, { thisUpdate, nextUpdate })]);
  await verify(await times(now + 299_000, now + hourMs));
  await verify(await times(now - hourMs, now - 299_000));
  for (const [from, to] of [
    [now + 301_000, now + hourMs],
    [now - hourMs, now - 301_000],
    [now + 1000, now - 1000],
    [now, undefined],
  ] as const) {
    await assert.rejects(verify(await times(from, to)), { code: 'revocation_unknown' });
  }
  await assert.rejects(verify(await times(now + 1000, now + hourMs), { clockSkewMs: 0 }), {
    code: 'revocation_unknown',
  });
});

test('the nonce that was sent must come back', async () => {
  const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
  const single = await describeStatus(host, root);
  await verify(await respond(responder, [single], { nonce }), { nonce });
  await verify(await respond(responder, [single], { nonce }));
  for (const returned of [undefined, nonce.toReversed()]) {
    await assert.rejects(verify(await respond(responder, [single], { nonce: returned }), { nonce }), {
      code: 'revocation_unknown',
    });
  }
});

test('a responder counts only when the issuer itself appointed it for this', async () => {
  const stranger = await createAuthority({ name: [['CN', 'Stranger']] });
  const impostor = await createAuthority();
  const middle = await createAuthority({ issuer: root });
  const untrusted: readonly (readonly [string, Party, string])[] = [
    ['certified by another authority', await createResponder(stranger), 'certificate_untrusted'],
    ['certified by another key of the name', await createResponder(impostor), 'certificate_untrusted'],
    ['certified one level below', await createResponder(middle), 'certificate_untrusted'],
    ['a server', host, 'certificate_untrusted'],
    ['any purpose', await appoint({ extendedKeyUsage: { purposes: [purposes.any] } }), 'certificate_untrusted'],
    ['no purpose', await appoint({ extendedKeyUsage: undefined }), 'certificate_untrusted'],
    ['a key that signs no data', await appoint({ keyUsage: ['keyEncipherment'] }), 'certificate_untrusted'],
    ['itself to be asked about', await appoint({ ocspNoCheck: undefined }), 'revocation_unknown'],
    ['expired', await createResponder(root, { notAfter: now - 1000 }), 'certificate_expired'],
  ];
  for (const [name, signer, code] of untrusted) await assert.rejects(verify(await respondBy(signer)), { code }, name);
  await assert.rejects(verify(await respondBy(responder, [])), { code: 'certificate_untrusted' }, 'not sent along');
  await assert.rejects(verify(await respondBy(responder, [host.certificate])), { code: 'certificate_untrusted' });
});

function appoint(extensions: NonNullable<PartyOptions['extensions']>): Promise<Party> {
  return createResponder(root, { extensions });
}

test('another key behind the certificate of the responder is a bad signature', async () => {
  const thief = await createResponder(root);
  const bytes = await respond({ ...responder, signer: { ...responder.signer, sign: thief.signer.sign } }, [
    await describeStatus(host, root),
  ]);
  await assert.rejects(verify(bytes), { code: 'bad_signature' });
});

test('no change of a good response is good', async () => {
  const original = await respondBy(responder);
  const place = fc.nat(original.length - 1);
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bytes = original.slice();
      bytes[at] = (bytes[at] ?? 0) ^ change;
      await assert.rejects(async () => verify(bytes), TrustError);
    }),
    { numRuns: 300 },
  );
});
