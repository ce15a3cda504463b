/** Paths whose certificates are vouched for by OCSP responses, alone or beside revocation lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OcspResponse, parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { encodeOcspFailure } from '@signpost/protocol/x509/ocsp/write-response';
import { parseRevocationList, type RevocationReason } from '@signpost/protocol/x509/revocation-list';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { encodeEntry, signRevocationList } from '@signpost/protocol/x509/write-revocation-list';
import { createAuthority, createServer, now, type Party } from '../authority.ts';
import { createResponder, describeStatus, hourMs, respond } from './responses.ts';

const root = await createAuthority();
const middle = await createAuthority({ issuer: root, name: [['CN', 'Middle']] });
const host = await createServer({ issuer: middle });
const [byRoot, byMiddle] = await Promise.all([createResponder(root), createResponder(middle)]);

async function answer(by: Party, of: Party, issuer: Party, more: object = {}): Promise<OcspResponse> {
  return parseOcspResponse(await respond(by, [await describeStatus(of, issuer, more)]));
}

async function writeList(issuer: Party, revoked: readonly Party[] = [], reason: RevocationReason = 'superseded') {
  const bytes = await signRevocationList(
    {
      ...{ issuer: issuer.certificate.subject, thisUpdate: now - hourMs, nextUpdate: now + hourMs, number: 1n },
      authorityKeyIdentifier: issuer.certificate.extensions.subjectKeyIdentifier?.value ?? new Uint8Array(),
      entries: revoked.map(({ certificate: { serialNumber } }) =>
        encodeEntry({ serialNumber, revokedAt: now - hourMs, reason }),
      ),
    },
    issuer.signer,
  );
  return parseRevocationList(bytes);
}

const pool = { anchors: [root.certificate], intermediates: [middle.certificate] };
const good = [await answer(byMiddle, host, middle), await answer(byRoot, middle, root)];
const revoked = { kind: 'revoked', revokedAt: now - hourMs, reason: 'keyCompromise' } as const;

async function check(
  responses: readonly OcspResponse[],
  lists: readonly ReturnType<typeof parseRevocationList>[] = [],
) {
  await verifyNotRevoked(await verifyCertificate(host.certificate, pool, { at: now }), { lists, responses, pool });
}

test('good responses cover a path without any list, and lists the rest', async () => {
  await check(good);
  await check(good.slice(0, 1), [await writeList(root)]);
  await check(good.slice(1), [await writeList(middle)]);
});

test('a certificate that neither a response nor a list covers is unknown', async () => {
  for (const responses of [[], good.slice(0, 1), good.slice(1)]) {
    await assert.rejects(check(responses), { code: 'revocation_unknown' });
  }
});

test('revoked counts, whoever says it and whatever others say', async () => {
  const bad = await answer(byMiddle, host, middle, { status: revoked });
  const lists = [await writeList(root), await writeList(middle)];
  await assert.rejects(check([bad], lists), { code: 'certificate_revoked', message: /keyCompromise/ });
  await assert.rejects(check([...good, bad]), { code: 'certificate_revoked' });
  await assert.rejects(check(good, [await writeList(middle, [host])]), { code: 'certificate_revoked' });
  await assert.rejects(check(good, [await writeList(root, [middle])]), { code: 'certificate_revoked' });
});

test('a response that proves nothing neither helps nor harms', async () => {
  const lists = [await writeList(root), await writeList(middle)];
  const worthless = [
    await answer(byMiddle, host, middle, { status: { kind: 'unknown' } }),
    await answer(byMiddle, host, middle, { thisUpdate: now - 3 * hourMs, nextUpdate: now - 2 * hourMs }),
    await answer(byRoot, host, middle),
    await answer(byRoot, host, middle, { status: revoked }),
    parseOcspResponse(encodeOcspFailure('tryLater')),
  ];
  await check(worthless, lists);
  await assert.rejects(check([...worthless, ...good.slice(1)]), { code: 'revocation_unknown' });
});
