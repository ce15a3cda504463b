/** The OCSP responder, request for request, on both engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { type BasicResponse, type OcspResponse, parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { answerOcsp } from '../../../src/pki/revocation/ocsp/answer.ts';
import { openResponder } from '../../../src/pki/revocation/ocsp/responder.ts';
import { orderPublication } from '../../../src/pki/revocation/root.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import type { ReadCertificate } from '../issued.ts';
import { rootPassphrase } from '../scene.ts';
import { createRevocationScene, type RevocationScene } from './scene.ts';

const dayMs = 86_400_000;

async function ask(scene: RevocationScene, bytes: Uint8Array<ArrayBuffer>): Promise<OcspResponse> {
  const answered = await answerOcsp(scene.parts, scene.place, bytes);
  return parseOcspResponse(answered.kind === 'shared' ? answered.answer.bytes : answered.bytes);
}

async function askAbout(
  { issuer, ...scene }: RevocationScene,
  ...issued: readonly Pick<ReadCertificate, 'certificate'>[]
) {
  const ids = issued.map(({ certificate }) => createCertificateId(certificate, issuer.certificate));
  return ask({ issuer, ...scene }, encodeOcspRequest(await Promise.all(ids)));
}

function verify({ parts, issuer }: RevocationScene, { certificate }: ReadCertificate, response: OcspResponse) {
  return verifyOcspResponse(response, { certificate, issuer: issuer.certificate, at: parts.now() });
}

function listResponders({ parts, place }: RevocationScene) {
  return parts.database.query
    .selectFrom('ocsp_responder')
    .select('certificate_id')
    .where('authority_id', '=', place.authorityId)
    .execute();
}

forEachEngine((_engine, openDatabase) => {
  test('a certificate is good, then revoked the moment its revocation is committed, then good after a release', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    const { responder } = await verify(scene, host, await askAbout(scene, host));
    assert.equal(responder.extensions.ocspNoCheck?.value, true);
    await scene.change(host, 'held');
    await assert.rejects(verify(scene, host, await askAbout(scene, host)), {
      code: 'certificate_revoked',
      message: /certificateHold/,
    });
    await scene.change(host, 'valid');
    await verify(scene, host, await askAbout(scene, host));
    await scene.change(host, 'revoked');
    await assert.rejects(verify(scene, host, await askAbout(scene, host)), { message: /keyCompromise/ });
  });

  test('what was never issued is unknown, also among others; what another authority issued alone is not answered', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const [host, other] = [await scene.issue(), await scene.issue()];
    await scene.change(other, 'revoked');
    const stranger = { certificate: { ...host.certificate, serialNumber: Uint8Array.of(1, 2, 3) } };
    const { responses } = (await askAbout(scene, host, other, stranger)) as BasicResponse;
    assert.deepEqual(
      responses.map(({ status }) => status.kind),
      ['good', 'revoked', 'unknown'],
    );
    const foreign = await createCertificateId(host.certificate, host.certificate);
    assert.deepEqual(await ask(scene, encodeOcspRequest([foreign])), { kind: 'failure', failure: 'unauthorized' });
  });

  test('an answer is signed once and given again until it is an hour old; a nonce has one of its own', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    const id = await createCertificateId(host.certificate, scene.issuer.certificate);
    const first = await answerOcsp(scene.parts, scene.place, encodeOcspRequest([id]));
    assert.equal(first.kind, 'shared');
    assert.deepEqual(await answerOcsp(scene.parts, scene.place, encodeOcspRequest([id])), first);
    const nonce = Uint8Array.of(1, 2, 3, 4);
    const single = (await ask(scene, encodeOcspRequest([id], { nonce }))) as BasicResponse;
    assert.deepEqual(single.nonce, nonce);
    scene.travel(3_600_000);
    assert.notDeepEqual(await answerOcsp(scene.parts, scene.place, encodeOcspRequest([id])), first);
  });

  test('an answer that was found out before a revocation and signed after it is not kept', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    const [response] = await Promise.all([askAbout(scene, host), scene.change(host, 'revoked')]);
    assert.equal(response.kind, 'basic');
    await assert.rejects(verify(scene, host, await askAbout(scene, host)), { code: 'certificate_revoked' });
  });

  test('a locked vault, an unknown hash and nonsense are told by the statuses of the protocol', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    const failure = async (bytes: Uint8Array<ArrayBuffer>) => {
      const response = await ask(scene, bytes);
      return response.kind === 'failure' && response.failure;
    };
    const id = await createCertificateId(host.certificate, scene.issuer.certificate);
    const request = encodeOcspRequest([id]);
    assert.equal(await failure(new Uint8Array()), 'malformedRequest');
    assert.equal(await failure(request.subarray(1)), 'malformedRequest');
    // 1.3.14.3.2.26 becomes 1.3.14.3.2.27.
    const at = Buffer.from(request).indexOf(Buffer.from('2b0e03021a', 'hex'));
    assert.equal(await failure(request.map((octet, index) => (index === at + 4 ? 0x1b : octet))), 'unauthorized');
    await scene.parts.vault.lock();
    assert.equal(await failure(request), 'tryLater');
  });

  test('what was answered before is answered again while the vault is locked, as long as it holds and nothing changed', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place, issuer } = scene;
    const [host, other] = [await scene.issue(), await scene.issue()];
    const requestFor = async ({ certificate }: ReadCertificate, nonce?: Uint8Array<ArrayBuffer>) =>
      encodeOcspRequest([await createCertificateId(certificate, issuer.certificate)], nonce && { nonce });
    const kinds = async (bytes: Uint8Array<ArrayBuffer>) => {
      const response = await ask(scene, bytes);
      return response.kind === 'failure'
        ? response.failure
        : response.responses.map(({ status }) => status.kind).join();
    };
    const first = await answerOcsp(parts, place, await requestFor(host));
    await askAbout(scene, other);
    await parts.vault.lock();
    assert.deepEqual(await answerOcsp(parts, place, await requestFor(host)), first);
    assert.equal(await kinds(await requestFor(host, Uint8Array.of(1, 2, 3, 4))), 'tryLater');
    // Nobody can sign it again, and it holds for eight hours.
    scene.travel(7 * 3_600_000);
    assert.deepEqual(await answerOcsp(parts, place, await requestFor(host)), first);
    await scene.change(host, 'held');
    assert.equal(await kinds(await requestFor(host)), 'tryLater');
    scene.travel(3_600_000);
    assert.equal(await kinds(await requestFor(other)), 'tryLater');
    await parts.vault.unlock(masterPassword);
    assert.deepEqual([await kinds(await requestFor(host)), await kinds(await requestFor(other))], ['revoked', 'good']);
  });

  test('what was answered before is not the answer about a certificate of that number by another authority', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    await askAbout(scene, host);
    const foreign = encodeOcspRequest([await createCertificateId(host.certificate, host.certificate)]);
    assert.deepEqual(await ask(scene, foreign), { kind: 'failure', failure: 'unauthorized' });
    await scene.parts.vault.lock();
    assert.deepEqual(await ask(scene, foreign), { kind: 'failure', failure: 'tryLater' });
  });

  test('answers by a responder are given no more when it was revoked, also while the vault is locked', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts } = scene;
    const host = await scene.issue();
    await askAbout(scene, host);
    const [responder] = await listResponders(scene);
    await parts.vault.lock();
    await revokeCertificate(parts, scene.caller, { id: responder?.certificate_id ?? '', reason: 'keyCompromise' });
    const id = await createCertificateId(host.certificate, scene.issuer.certificate);
    assert.deepEqual(await ask(scene, encodeOcspRequest([id])), { kind: 'failure', failure: 'tryLater' });
  });

  test('a responder is renewed when half of its life is over, however many ask at once', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const open = () => openResponder(scene.parts, scene.place);
    const [first, ...others] = await Promise.all([open(), open(), open()]);
    for (const other of others) assert.equal(other, first);
    scene.travel(14 * dayMs);
    assert.equal(await open(), first);
    scene.travel(2 * dayMs);
    const [renewed, again] = await Promise.all([open(), open()]);
    assert.notEqual(renewed, first);
    assert.equal(renewed, again);
    assert.equal((await listResponders(scene)).length, 2);
  });

  test('an authority at its end makes one responder that lasts as long as itself, and no more', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place, issuer } = scene;
    const host = await scene.issue();
    const end = issuer.certificate.notAfter;
    const open = () => openResponder(parts, place);
    // The backdated beginning of a certificate is then further away than its end.
    scene.travel(end - 120_000 - parts.now());
    const [first, again] = await Promise.all([open(), open()]);
    assert.equal(first.certificate.notAfter, end);
    assert.equal(again, first);
    const { responses } = (await askAbout(scene, host)) as BasicResponse;
    assert.equal(responses[0]?.status.kind, 'good');
    scene.travel(119_000);
    assert.deepEqual((await open()).certificate, first.certificate);
    assert.equal((await listResponders(scene)).length, 1);
    scene.travel(2000);
    await assert.rejects(open(), { rule: 'authority-expired' });
  });

  test('a responder whose certificate is revoked answers no more, and another one does', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place } = scene;
    const first = await openResponder(parts, place);
    const { certificate_id: id } = await parts.database.query
      .selectFrom('ocsp_responder')
      .select('certificate_id')
      .where('authority_id', '=', place.authorityId)
      .executeTakeFirstOrThrow();
    const host = await scene.issue();
    await askAbout(scene, host);
    await revokeCertificate(parts, scene.caller, { id, reason: 'keyCompromise' });
    const second = await openResponder(parts, place);
    assert.notDeepEqual(second.certificate, first.certificate);
    const { certificates } = (await askAbout(scene, host)) as BasicResponse;
    assert.deepEqual(certificates[0]?.bytes, second.certificate.bytes);
    await scene.change(host, 'revoked');
    assert.equal(await openResponder(parts, place), second);
  });

  test('a responder is found again after the vault was locked, and made anew when the vault was', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { vault, database } = scene.parts;
    const first = await openResponder(scene.parts, scene.place);
    await vault.lock();
    await vault.unlock('a long master password');
    const again = await openResponder(scene.parts, scene.place);
    assert.deepEqual(again.certificate, first.certificate);
    await database.query.updateTable('ocsp_responder').set({ sealed_key: 'AAAA' }).execute();
    await vault.lock();
    await vault.unlock('a long master password');
    assert.notDeepEqual((await openResponder(scene.parts, scene.place)).certificate, first.certificate);
  });

  test('a root answers as long as the responder lasts that it made when it was opened by its passphrase', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller, issuer } = scene;
    const root = await parts.database.query
      .selectFrom('authority')
      .select('id')
      .where('name', '=', 'root')
      .executeTakeFirstOrThrow();
    const [top] = issuer.chain;
    assert.ok(top);
    const atRoot = { ...scene, place: { ...scene.place, authorityId: root.id } };
    const request = encodeOcspRequest([await createCertificateId(issuer.certificate, top)]);
    const requirements = { certificate: issuer.certificate, issuer: top };
    const askRoot = async () => verifyOcspResponse(await ask(atRoot, request), { ...requirements, at: parts.now() });
    await askRoot();
    scene.travel(89 * dayMs);
    await askRoot();
    scene.travel(2 * dayMs);
    assert.deepEqual(await ask(atRoot, request), { kind: 'failure', failure: 'unauthorized' });
    await assert.rejects(orderPublication(parts, caller, { authority: 'root' }), { rule: 'passphrase-needed' });
    await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
    await askRoot();
  });
});
