/** Revocation lists as authorities publish them, on both engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { parseRevocationList, type RevocationList } from '@signpost/protocol/x509/revocation-list';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { revokeAuthority } from '../../../src/pki/authorities/end.ts';
import { forgetIssuers, type Issuer, openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { isBehind, isDue, publishLists } from '../../../src/pki/revocation/lists/publish.ts';
import { orderPublication } from '../../../src/pki/revocation/root.ts';
import { describeRevocation } from '../../../src/pki/revocation/status.ts';
import {
  findList,
  findRevocationState,
  listListFacts,
  listPublishing,
  type RevocationListRow,
  updateRevocationState,
} from '../../../src/pki/revocation/store.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { rootPassphrase } from '../scene.ts';
import { createRevocationScene, type RevocationScene } from './scene.ts';

const dayMs = 86_400_000;
const validityMs = 7 * dayMs;

function parseRow(row: RevocationListRow | undefined): RevocationList {
  assert.ok(row);
  return parseRevocationList(new Uint8Array(Buffer.from(row.der, 'base64')));
}

async function readList({ parts, place }: RevocationScene, kind: 'complete' | 'delta', part = '') {
  return parseRow(await findList(parts.database.query, place.authorityId, { kind, part }));
}

async function publish({ parts, place }: RevocationScene): Promise<void> {
  await publishLists(parts, await openIssuer(parts, place, 'status'), { validityMs });
}

/** Verifies the whole path against lists of the issuing authority, and the root's own. */
async function check(scene: RevocationScene, certificate: Certificate, lists: readonly RevocationList[]) {
  const { parts, issuer } = scene;
  const root = await parts.database.query
    .selectFrom('authority')
    .select('id')
    .where('name', '=', 'root')
    .executeTakeFirstOrThrow();
  const ofRoot = await findList(parts.database.query, root.id, { kind: 'complete', part: '' });
  const pool = { anchors: issuer.chain.slice(-1), intermediates: [issuer.certificate] };
  const path = await verifyCertificate(certificate, pool, { at: parts.now() });
  await verifyNotRevoked(path, { lists: [...lists, parseRow(ofRoot)], pool });
}

forEachEngine((_engine, openDatabase) => {
  test('a revocation is in the list that is published at once; numbers grow, and whoever asks later gets no older one', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { publisher } = scene.parts;
    const [host, other] = [await scene.issue(), await scene.issue()];
    await publisher.request(scene.place);
    const first = await readList(scene, 'complete');
    await check(scene, host.certificate, [first]);
    await scene.change(host, 'revoked');
    await publisher.settle();
    const second = await readList(scene, 'complete');
    assert.ok(second.number > first.number);
    await check(scene, other.certificate, [second]);
    await assert.rejects(check(scene, host.certificate, [second]), { code: 'certificate_revoked' });
    assert.equal(await isBehind(scene.parts, scene.place.authorityId), false);
  });

  test('many revocations at once become few lists, and all of them are in the last', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const hosts = await Promise.all(Array.from({ length: 20 }, () => scene.issue()));
    await Promise.all(hosts.map((host) => scene.change(host, 'revoked')));
    await scene.parts.publisher.settle();
    const list = await readList(scene, 'complete');
    assert.equal(list.entries.length, 20);
    assert.ok(list.number < 20n, `${list.number} lists for 20 revocations`);
  });

  test('a delta says what changed since its base: revoked, on hold, released', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const [kept, held, lost] = [await scene.issue(), await scene.issue(), await scene.issue()];
    await scene.change(held, 'held');
    await scene.parts.publisher.settle();
    const base = await readList(scene, 'complete');
    await assert.rejects(readList(scene, 'delta'), 'nothing to be measured from yet');
    scene.travel(2 * 3_600_000);
    await scene.change(held, 'valid');
    await scene.change(lost, 'revoked');
    await scene.parts.publisher.settle();
    const delta = await readList(scene, 'delta');
    assert.equal(delta.deltaBase, base.number);
    assert.deepEqual(delta.entries.map(({ reason }) => reason).sort(), ['keyCompromise', 'removeFromCRL']);
    await check(scene, held.certificate, [base, delta]);
    await check(scene, kept.certificate, [base, delta]);
    await assert.rejects(check(scene, lost.certificate, [base, delta]), { code: 'certificate_revoked' });
    const complete = await readList(scene, 'complete');
    assert.equal(complete.number, delta.number);
    assert.equal(complete.freshestCrl?.length, 1);
    await assert.rejects(check(scene, lost.certificate, [complete]), { code: 'certificate_revoked' });
  });

  test('a day later the base of deltas moves, and the delta of that day still serves holders of the old one', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    await publish(scene);
    const first = await readList(scene, 'complete');
    scene.travel(dayMs + 7_200_000);
    await scene.change(host, 'revoked');
    await scene.parts.publisher.settle();
    const second = await readList(scene, 'complete');
    assert.equal((await readList(scene, 'delta')).deltaBase, first.number);
    scene.travel(7_200_000);
    await publish(scene);
    assert.equal((await readList(scene, 'delta')).deltaBase, second.number);
  });

  test('an entry leaves the list only after it stood in one from after the end of its certificate', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    await scene.change(host, 'revoked');
    scene.travel(host.certificate.notAfter - scene.parts.now() + dayMs);
    await publish(scene);
    assert.equal((await readList(scene, 'complete')).entries.length, 1);
    scene.travel(validityMs);
    await publish(scene);
    assert.equal((await readList(scene, 'complete')).entries.length, 0);
  });

  test('lists are due when half of their time is over, and when a crash came between revocation and list', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place } = scene;
    const due = () => isDue(parts, place.authorityId);
    assert.equal(await due(), true);
    await parts.publisher.refresh();
    assert.equal(await due(), false);
    scene.travel(3 * dayMs);
    assert.equal(await due(), false);
    scene.travel(dayMs);
    assert.equal(await due(), true);
    await parts.publisher.refresh();
    await parts.publisher.stop();
    await scene.change(await scene.issue(), 'revoked');
    assert.equal(await due(), true);
    await publish(scene);
    assert.equal(await due(), false);
  });

  test('a revoked authority goes on saying what it revoked until its certificate ends', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place, issuer, caller } = scene;
    const host = await scene.issue();
    await revokeAuthority(parts, caller, { authority: 'issuing', reason: 'cACompromise', cascade: true });
    await parts.publisher.settle();
    const first = await readList(scene, 'complete');
    assert.equal(first.entries.length, 1);
    scene.travel(4 * dayMs);
    await parts.publisher.refresh();
    const next = await readList(scene, 'complete');
    assert.ok(next.number > first.number && next.nextUpdate > first.nextUpdate);
    await assert.rejects(check(scene, host.certificate, [next]));
    scene.travel(issuer.certificate.notAfter - parts.now() + dayMs);
    await parts.publisher.refresh();
    assert.equal((await readList(scene, 'complete')).number, next.number);
    assert.ok(!(await listPublishing(parts.database.query, parts.now())).some(({ id }) => id === place.authorityId));
  });

  test('two that publish at once leave the list with the higher number', async () => {
    const scene = await createRevocationScene(await openDatabase());
    await Promise.all([publish(scene), publish(scene), publish(scene)]);
    assert.equal((await readList(scene, 'complete')).number, 3n);
  });

  test('a list that began before a revocation and is numbered after it holds it', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place } = scene;
    const host = await scene.issue();
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { database } = parts;
    // The reads that come before the first write have been answered.
    const transaction: Database['transaction'] = (work) => {
      reached.resolve();
      return gate.promise.then(() => database.transaction(work));
    };
    const slow = publishLists({ ...parts, database: { ...database, transaction } }, scene.issuer, { validityMs });
    await reached.promise;
    await scene.change(host, 'revoked');
    await parts.publisher.settle();
    gate.resolve();
    const { number } = await slow;
    const list = await readList(scene, 'complete');
    assert.equal(list.number, BigInt(number));
    assert.equal(list.entries.length, 1);
    assert.equal(await isBehind(parts, place.authorityId), false);
  });

  test('a list that another one has overtaken changes nothing', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, place, issuer } = scene;
    const host = await scene.issue();
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const sign: Issuer['signer']['sign'] = async (...message) => {
      reached.resolve();
      await gate.promise;
      return issuer.signer.sign(...message);
    };
    const slow = publishLists(parts, { ...issuer, signer: { ...issuer.signer, sign } }, { validityMs });
    await reached.promise;
    await scene.change(host, 'revoked');
    await parts.publisher.settle();
    const state = await findRevocationState(parts.database.query, place.authorityId);
    gate.resolve();
    await slow;
    assert.deepEqual(await findRevocationState(parts.database.query, place.authorityId), state);
    assert.equal((await readList(scene, 'complete')).entries.length, 1);
  });

  test('a delta releases what was on hold in any list since its base', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const host = await scene.issue();
    await publish(scene);
    const base = await readList(scene, 'complete');
    scene.travel(2 * 3_600_000);
    await scene.change(host, 'held');
    await scene.parts.publisher.settle();
    const between = await readList(scene, 'complete');
    scene.travel(2 * 3_600_000);
    await scene.change(host, 'valid');
    await scene.parts.publisher.settle();
    const delta = await readList(scene, 'delta');
    assert.equal(delta.deltaBase, base.number);
    // RFC 5280, 5.3.1: also where the certificate was not on hold in the base itself.
    assert.deepEqual(
      delta.entries.map(({ reason }) => reason),
      ['removeFromCRL'],
    );
    await check(scene, host.certificate, [between, delta]);
  });

  test('parts of a large list name their address, and hold what belongs there and nothing else', async () => {
    const scene = await createRevocationScene(await openDatabase());
    const hosts = await Promise.all(Array.from({ length: 8 }, () => scene.issue()));
    await publish(scene);
    await scene.parts.database.transaction((tx) => updateRevocationState(tx, scene.place.authorityId, { shards: 64 }));
    for (const host of hosts) await scene.change(host, 'revoked');
    await scene.parts.publisher.settle();
    const facts = await listListFacts(scene.parts.database.query, scene.place.authorityId);
    assert.equal(facts.filter(({ part }) => part !== '').length, 64);
    for (const { row, certificate } of hosts) {
      const index = Number.parseInt(row.serial.slice(-2), 16) % 64;
      const list = await readList(scene, 'complete', `64-${index}`);
      assert.deepEqual(list.scope?.name, {
        kind: 'full',
        names: [{ kind: 'uri', text: `http://pki.example/pki/issuing/crl/64-${index}` }],
      });
      assert.ok(list.entries.some(({ serialNumber }) => Buffer.from(serialNumber).equals(certificate.serialNumber)));
    }
    await scene.parts.database.transaction(async (tx) => forgetIssuers(scene.parts, tx));
    const { row, certificate } = await scene.issue();
    const named = `64-${Number.parseInt(row.serial.slice(-2), 16) % 64}`;
    const [point] = certificate.extensions.crlDistributionPoints?.value ?? [];
    const whole = await readList(scene, 'complete', named);
    assert.deepEqual(point?.name, whole.scope?.name);
    await check(scene, certificate, [whole]);
    const entries = facts.filter(({ part }) => part !== '').reduce((sum, one) => sum + one.entries, 0);
    assert.equal(entries, 8);
  });

  test("the root's list is signed when it is opened, and the status says when somebody must open it again", async () => {
    const scene = await createRevocationScene(await openDatabase());
    const { parts, caller } = scene;
    const describe = () => describeRevocation(parts, caller.organisationId, 'root');
    const fresh = await describe();
    assert.deepEqual([fresh.lists.length, fresh.behind, fresh.warnings], [1, false, []]);
    scene.travel(61 * dayMs);
    assert.match((await describe()).warnings.join(), /^OCSP ends 2027-/);
    scene.travel(95 * dayMs);
    assert.match((await describe()).warnings.join(), /the revocation list ends 2027-.*nobody answers by OCSP/);
    await assert.rejects(orderPublication(parts, caller, { authority: 'root', passphrase: 'wrong words here today' }), {
      rule: 'root-passphrase',
    });
    await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
    const after = await describe();
    assert.deepEqual(after.warnings, []);
    assert.ok((after.lists[0]?.number ?? 0) > (fresh.lists[0]?.number ?? 0));
  });
});
