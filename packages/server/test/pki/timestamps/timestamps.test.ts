import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constructedTag } from '@signpost/protocol/asn1/tag';
import {
  constructed,
  type DerValue,
  encodeDer,
  integer,
  octetString,
  oid,
  sequence,
} from '@signpost/protocol/asn1/writer';
import { createImprint, encodeTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { purposes } from '@signpost/protocol/x509/oids';
import fc from 'fast-check';
import type { KyselyPlugin } from 'kysely';
import { examineTimestamps } from '../../../src/doctor/timestamps.ts';
import { TimestampResponder } from '../../../src/pki/timestamps/responder.ts';
import {
  disableTimestamps,
  enableTimestamps,
  renewTimestampCertificates,
  requireTimestamps,
} from '../../../src/pki/timestamps/timestamp-authority.ts';
import { dayMs } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { masterPassword } from '../../vault/opened-vault.ts';
import { createRequest, createTimestampScene, message, type TimestampScene } from './scene.ts';

async function listAudit({ parts }: TimestampScene): Promise<readonly string[]> {
  const rows = await parts.database.query.selectFrom('audit_event').select('action').orderBy('sequence').execute();
  return rows.map(({ action }) => action).filter((action) => action.startsWith('timestamps.'));
}

function imprintOf(algorithm: string, bytes: number): DerValue {
  return sequence(sequence(oid(algorithm)), octetString(new Uint8Array(bytes)));
}

function find({ parts, caller }: TimestampScene) {
  return requireTimestamps(parts.database.query, caller.organisationId, 'issuing');
}

forEachEngine((_engine, openDatabase) => {
  test('an authority makes timestamps once they are on, by a key of its own for nothing else', async () => {
    const scene = await createTimestampScene(await openDatabase());
    await assert.rejects(scene.ask(), { code: 'not_found' });
    await scene.enable();
    const { info, path } = await scene.stamp();
    assert.equal(info.time, scene.parts.now());
    assert.equal(info.accuracyMicros, 1_000_000);
    assert.equal(info.isOrdered, false);
    const { extendedKeyUsage } = path.certificate.extensions;
    assert.deepEqual(extendedKeyUsage, { critical: true, value: [purposes.timeStamping] });
    assert.equal(path.certificates.length, 3);
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled']);
    const imprint = await createImprint(message, 'SHA-512');
    assert.equal((await scene.stamp({ imprint, nonce: undefined })).info.nonce, undefined);
  });

  test('settings change without a new certificate, and saying the same again changes nothing', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const before = await scene.enable();
    const after = await scene.enable({ policy: '1.2.3.4', accuracyMs: 20, isOrdered: true });
    await scene.enable({ accuracyMs: 20 });
    assert.equal(after.certificate_id, before.certificate_id);
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled', 'timestamps.changed']);
    const [first, second] = [await scene.stamp(), await scene.stamp({ policy: '1.2.3.4' })];
    assert.equal(first.info.policy, '1.2.3.4');
    assert.equal(first.info.accuracyMicros, 20_000);
    assert.ok(second.info.time > first.info.time);
    assert.notDeepEqual(second.info.serialNumber, first.info.serialNumber);
  });

  test('what is asked and not offered is refused with its reason', async () => {
    const scene = await createTimestampScene(await openDatabase());
    await scene.enable();
    const failuresOf = async (bytes: Uint8Array<ArrayBuffer>) => {
      const answer = await scene.responder.answer(scene.caller.organisationId, 'issuing', bytes);
      const response = parseTimestampResponse(answer.bytes);
      return response.kind === 'refused' ? response.failures.join() : 'granted';
    };
    const refused = await scene.ask({ policy: '1.2.3' });
    assert.deepEqual(refused.kind === 'refused' && refused.failures, ['unacceptedPolicy']);
    assert.equal(await failuresOf(encodeDer(sequence(integer(1), imprintOf('1.3.14.3.2.26', 20)))), 'badAlg');
    assert.equal(await failuresOf(new Uint8Array([0x30, 0])), 'badDataFormat');
    assert.equal(await failuresOf(new Uint8Array(20_000)), 'badDataFormat');
    const extension = constructed(constructedTag(0), [sequence(oid('1.2.3'), octetString(new Uint8Array(3)))]);
    const withExtension = sequence(integer(1), imprintOf('2.16.840.1.101.3.4.2.1', 32), extension);
    assert.equal(await failuresOf(encodeDer(withExtension)), 'unacceptedExtension');
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled']);
  });

  test('whatever bytes are asked, the answer is one that RFC 3161 knows', async () => {
    const scene = await createTimestampScene(await openDatabase());
    await scene.enable();
    const good = encodeTimestampRequest(await createRequest());
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(damage, fc.uint8Array({ maxLength: 200 })), async (given) => {
        const bytes = new Uint8Array(given instanceof Uint8Array ? given : good);
        if (!(given instanceof Uint8Array)) for (const [at, octet] of given) bytes[at] = octet;
        const answer = await scene.responder.answer(scene.caller.organisationId, 'issuing', bytes);
        const { kind } = parseTimestampResponse(answer.bytes);
        assert.equal(kind === 'granted', answer.failure === undefined);
      }),
    );
  });

  test('a clock that goes back stamps nothing, after a restart too', async () => {
    const scene = await createTimestampScene(await openDatabase());
    await scene.enable();
    await scene.stamp();
    scene.travel(-2000);
    for (const responder of [scene.responder, new TimestampResponder(scene.parts)]) {
      const refused = await scene.ask({}, responder);
      assert.deepEqual(refused.kind === 'refused' && refused.failures, ['timeNotAvailable']);
    }
    scene.travel(2000);
    const restarted = await scene.ask({}, new TimestampResponder(scene.parts));
    assert.equal(restarted.kind, 'granted');
  });

  test('the certificate is renewed when a third of its life is over, and the old one stays valid', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const first = await scene.enable();
    assert.deepEqual(await renewTimestampCertificates(scene.parts), []);
    assert.equal((await find(scene)).certificate_id, first.certificate_id);
    scene.travel(366 * dayMs);
    assert.deepEqual(await renewTimestampCertificates(scene.parts), []);
    const second = await find(scene);
    assert.notEqual(second.certificate_id, first.certificate_id);
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled', 'timestamps.renewed']);
    const rows = await scene.parts.database.query
      .selectFrom('certificate')
      .select(['id', 'state', 'replaces_id', 'sealed_key'])
      .where('profile', '=', 'timestamping')
      .orderBy('id')
      .execute();
    assert.deepEqual(rows, [
      { id: first.certificate_id, state: 'valid', replaces_id: null, sealed_key: null },
      { id: second.certificate_id, state: 'valid', replaces_id: first.certificate_id, sealed_key: null },
    ]);
    await scene.stamp();
  });

  test('one that ends with its authority is not renewed, as the next one would last no longer', async () => {
    const scene = await createTimestampScene(await openDatabase());
    await scene.enable();
    const { not_after: end } = await scene.parts.database.query
      .selectFrom('certificate')
      .innerJoin('authority', 'authority.id', 'certificate.subject_authority_id')
      .select('certificate.not_after')
      .where('authority.name', '=', 'issuing')
      .executeTakeFirstOrThrow();
    scene.travel(end - 3 * dayMs - scene.parts.now());
    assert.deepEqual(await renewTimestampCertificates(scene.parts), []);
    const last = await find(scene);
    assert.equal(last.not_after, end);
    scene.travel(3 * dayMs - 60_000);
    assert.deepEqual(await renewTimestampCertificates(scene.parts), []);
    await scene.enable();
    assert.equal((await find(scene)).certificate_id, last.certificate_id);
    assert.deepEqual(await examineTimestamps(scene.parts, scene.caller.organisationId), []);
    await scene.stamp();
  });

  test('one that was revoked is replaced at the next request, by one for all who ask; one on hold is not', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const { certificate_id: id } = await scene.enable();
    const move = (state: 'held' | 'revoked') =>
      scene.parts.database.query
        .updateTable('certificate')
        .set({ state, reason: 'superseded', revoked_at: 1 })
        .where('id', '=', id)
        .execute();
    await move('held');
    const held = await scene.ask();
    assert.deepEqual(held.kind === 'refused' && held.failures, ['systemFailure']);
    await move('revoked');
    await Promise.all([scene.stamp(), scene.stamp(), scene.stamp()]);
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled', 'timestamps.renewed']);
  });

  test('a request that was looked up before the renewal and goes on after it renews nothing again', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const { certificate_id: id } = await scene.enable();
    await scene.parts.database.query
      .updateTable('certificate')
      .set({ state: 'revoked', reason: 'superseded', revoked_at: 1 })
      .where('id', '=', id)
      .execute();
    const { promise: isRenewed, resolve: goOn } = Promise.withResolvers<void>();
    let reads = 0;
    const holdFirst: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        reads += 1;
        if (reads === 1) await isRenewed;
        return result;
      },
    };
    const { database } = scene.parts;
    const held = { ...database, query: database.query.withPlugin(holdFirst) };
    const responder = new TimestampResponder({ ...scene.parts, database: held });
    const late = scene.ask({}, responder);
    assert.equal((await scene.ask({}, responder)).kind, 'granted');
    goOn();
    assert.equal((await late).kind, 'granted');
    assert.deepEqual(await listAudit(scene), ['timestamps.enabled', 'timestamps.renewed']);
  });

  test('a locked vault, a revoked authority and an expired one sign nothing, and say so without more', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const { authority_id: id } = await scene.enable();
    const assertSilent = async () => {
      const refused = await scene.ask();
      assert.deepEqual(refused.kind === 'refused' && refused.failures, ['systemFailure']);
      assert.equal(refused.kind === 'refused' && refused.text, 'the authority cannot sign at the moment');
    };
    scene.parts.vault.lock();
    await assertSilent();
    assert.deepEqual(await renewTimestampCertificates(scene.parts), []);
    await scene.parts.vault.unlock(masterPassword);
    await scene.stamp();
    scene.travel(20 * 365 * dayMs);
    await assertSilent();
    const [failure] = await renewTimestampCertificates(scene.parts);
    assert.equal(failure?.name, 'issuing');
    scene.travel(-20 * 365 * dayMs);
    await scene.parts.database.query
      .updateTable('authority')
      .set({ state: 'revoked', ended_at: 1 })
      .where('id', '=', id)
      .execute();
    await assertSilent();
  });

  test('switched off there is no key any more; switched on again there is another', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const first = await scene.enable({ accuracyMs: 7 });
    await disableTimestamps(scene.parts, scene.caller, 'issuing');
    await assert.rejects(scene.ask(), { code: 'not_found' });
    await assert.rejects(disableTimestamps(scene.parts, scene.caller, 'issuing'), { code: 'not_found' });
    const again = await scene.enable();
    assert.notEqual(again.certificate_id, first.certificate_id);
    assert.equal(again.accuracy_ms, 7);
    await scene.stamp();
    const acts = ['timestamps.enabled', 'timestamps.disabled', 'timestamps.enabled'];
    assert.deepEqual(await listAudit(scene), acts);
  });

  test('an authority that there is not, or that needs its passphrase, makes none', async () => {
    const scene = await createTimestampScene(await openDatabase());
    const enable = (name: string) => enableTimestamps(scene.parts, scene.caller, { name, settings: {} });
    await assert.rejects(enable('nowhere'), { code: 'not_found' });
    await assert.rejects(enable('root'), { code: 'conflict', rule: 'passphrase-needed' });
  });
});
