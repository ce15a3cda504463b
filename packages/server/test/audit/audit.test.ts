import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../protocol/test/code-points.ts';
import { type AuditEntry, systemActor } from '../../src/audit/audit.ts';
import { hashAuditRow } from '../../src/audit/chain.ts';
import { exportAudit, listAudit, recordAudit, recordAudits, verifyAuditChain } from '../../src/audit/store.ts';
import { Refusal } from '../../src/errors.ts';
import type { Database } from '../../src/storage/database.ts';
import { violationOf } from '../../src/storage/violation.ts';
import { forEachEngine } from '../storage/engines.ts';

const now = 1_800_000_000_000;

forEachEngine((_name, open) => {
  test('an empty log verifies', async () => {
    assert.deepEqual(await verifyAuditChain(await open()), { sequence: 0, hash: '0'.repeat(64) });
  });

  test('rows recorded at the same time form one chain without gaps', async () => {
    const database = await open();
    await Promise.all(Array.from({ length: 12 }, (_, index) => record(database, { objectId: `object-${index}` })));
    const rows = await listAudit(database, { limit: 100 });
    assert.deepEqual(
      rows.map((row) => row.sequence),
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    assert.deepEqual(await verifyAuditChain(database), { sequence: 12, hash: rows.at(-1)?.hash });
  });

  test('rows recorded together continue the chain in their order, and none leaves it as it is', async () => {
    const database = await open();
    await record(database, { objectId: 'before' });
    await database.transaction((tx) => recordAudits(tx, now, ['a', 'b', 'c'].map(entryFor)));
    await database.transaction((tx) => recordAudits(tx, now, []));
    const rows = await listAudit(database, { limit: 10 });
    assert.deepEqual(
      rows.map((row) => `${row.sequence} ${row.object_id}`),
      ['1 before', '2 a', '3 b', '4 c'],
    );
    assert.deepEqual(await verifyAuditChain(database), { sequence: 4, hash: rows.at(-1)?.hash });
  });

  test('a row keeps who, what, where and when', async () => {
    const database = await open();
    const actor = { kind: 'person', id: 'p1', sessionId: 's1' } as const;
    const object = { kind: 'release', id: 'r1' };
    const entry = { organisationId: 'o1', actor, action: 'release.activated', object } as const;
    await database.transaction((transaction) =>
      recordAudit(transaction, now, { ...entry, outcome: 'refused', detail: { version: '1.0.0', counter: 7 } }),
    );
    const [row] = await listAudit(database, { limit: 1 });
    assert.ok(row);
    const { hash, previous_hash, ...rest } = row;
    assert.deepEqual(rest, {
      sequence: 1,
      at: now,
      organisation_id: 'o1',
      actor_kind: 'person',
      actor_id: 'p1',
      session_id: 's1',
      action: 'release.activated',
      object_kind: 'release',
      object_id: 'r1',
      outcome: 'refused',
      detail: '{"counter":7,"version":"1.0.0"}',
    });
    assert.equal(hash, hashAuditRow({ ...rest, previous_hash }));
  });

  test('a transaction that fails leaves no row and no gap', async () => {
    const database = await open();
    await record(database);
    const failing = database.transaction(async (transaction) => {
      await recordAudit(transaction, now, entryFor('lost'));
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    await record(database);
    assert.equal((await verifyAuditChain(database)).sequence, 2);
  });

  test('a place in the log is taken once, whoever writes', async () => {
    const database = await openWithRows(2);
    const [first] = await listAudit(database, { limit: 1 });
    assert.ok(first);
    const other = { ...first, object_id: 'other', hash: 'f'.repeat(64) };
    const insert = database.query.insertInto('audit_event').values(other).execute();
    await assert.rejects(insert, (error) => violationOf(error) === 'unique');
    await verifyAuditChain(database);
  });

  test('recording outside a transaction is refused', async () => {
    const database = await open();
    await assert.rejects(recordAudit(database.query, now, entryFor('x')), TypeError);
  });

  test('whatever text a stranger sends, the row is written and verifies', async () => {
    const database = await open();
    const text = fc.oneof(
      fc.string({ unit: codePoint }),
      fc.constantFrom('\u0000', '\u2028', '\ud800', 'x'.repeat(5000)),
    );
    await fc.assert(
      fc.asyncProperty(text, (value) => record(database, { objectId: value, detail: { value } })),
      { numRuns: 30, examples: [['\u0000'], ['\u2028\u2029'], ['\ud800']] },
    );
    await verifyAuditChain(database);
  });

  test('a log longer than a page verifies and is exported whole', async () => {
    const database = await open();
    await database.transaction(async (transaction) => {
      for (let index = 0; index < 1001; index++) await recordAudit(transaction, now + index, entryFor(`o${index}`));
    });
    assert.equal((await verifyAuditChain(database)).sequence, 1001);
    let count = 0;
    for await (const row of exportAudit(database)) assert.equal(row.sequence, ++count);
    assert.equal(count, 1001);
  });

  test('a log is listed by organisation, action and page', async () => {
    const database = await open();
    await record(database, { organisationId: 'a' });
    await record(database, { organisationId: 'b' });
    await record(database, { organisationId: 'a', action: 'vault.locked' });
    const sequences = async (filter: Parameters<typeof listAudit>[1]) =>
      (await listAudit(database, filter)).map((row) => row.sequence);
    assert.deepEqual(await sequences({ organisationId: 'a', limit: 10 }), [1, 3]);
    assert.deepEqual(await sequences({ organisationId: 'a', action: 'vault.locked', limit: 10 }), [3]);
    assert.deepEqual(await sequences({ after: 1, limit: 1 }), [2]);
    assert.deepEqual(await sequences({ newestFirst: true, limit: 2 }), [3, 2]);
    assert.deepEqual(await sequences({ newestFirst: true, before: 3, limit: 10 }), [2, 1]);
    await record(database, { organisationId: 'a', outcome: 'refused', actor: { ...systemActor, id: 'me' } });
    assert.deepEqual(await sequences({ outcome: 'refused', limit: 10 }), [4]);
    assert.deepEqual(await sequences({ actorId: 'me', limit: 10 }), [4]);
  });

  test('an edited row is found, in every column', async () => {
    const database = await openWithRows(3);
    const rows = await listAudit(database, { after: 1, limit: 1 });
    const [original] = rows;
    assert.ok(original);
    const edits = [
      { at: 1 },
      { organisation_id: 'other' },
      { actor_kind: 'anonymous' },
      { actor_id: 'other' },
      { session_id: 'other' },
      { action: 'vault.locked' },
      { object_kind: 'other' },
      { object_id: 'other' },
      { outcome: 'refused' },
      { detail: '{"changed":true}' },
      { detail: '\u2028' },
      { hash: 'f'.repeat(64) },
    ] as const;
    for (const edit of edits) {
      await database.query.updateTable('audit_event').set(edit).where('sequence', '=', 2).execute();
      await assert.rejects(verifyAuditChain(database), isBroken(/row 2 was changed/), JSON.stringify(edit));
      await database.query.updateTable('audit_event').set(original).where('sequence', '=', 2).execute();
    }
    await verifyAuditChain(database);
  });

  test('an edited row with a new hash of its own breaks the row after it', async () => {
    const database = await openWithRows(3);
    const [row] = await listAudit(database, { after: 1, limit: 1 });
    assert.ok(row);
    const forged = { ...row, outcome: 'refused' } as const;
    const hash = hashAuditRow(forged);
    await database.query
      .updateTable('audit_event')
      .set({ ...forged, hash })
      .where('sequence', '=', 2)
      .execute();
    await assert.rejects(verifyAuditChain(database), isBroken(/row 3 does not continue/));
  });

  test('a row taken from the middle is missed', async () => {
    const database = await openWithRows(3);
    await database.query.deleteFrom('audit_event').where('sequence', '=', 2).execute();
    await assert.rejects(verifyAuditChain(database), isBroken(/row 2 is missing/));
  });

  test('a tail that was cut off is missed', async () => {
    const database = await openWithRows(3);
    await database.query.deleteFrom('audit_event').where('sequence', '>', 1).execute();
    await assert.rejects(verifyAuditChain(database), isBroken(/row 2 is missing/));
  });

  test('a head that was set back, changed or removed is found', async () => {
    const database = await openWithRows(3);
    const [first] = await listAudit(database, { limit: 1 });
    const setHead = (head: { sequence: number; hash?: string | undefined }) =>
      database.query
        .updateTable('audit_head')
        .set({ sequence: head.sequence, hash: head.hash ?? '' })
        .execute();
    await setHead({ sequence: 1, hash: first?.hash });
    await assert.rejects(verifyAuditChain(database), isBroken(/row 2 lies beyond the head/));
    await setHead({ sequence: 3, hash: 'f'.repeat(64) });
    await assert.rejects(verifyAuditChain(database), isBroken(/the head does not match row 3/));
    await database.query.deleteFrom('audit_head').execute();
    await assert.rejects(verifyAuditChain(database), isBroken(/the head is missing/));
  });

  test('a log verifies while it is written to', async () => {
    const database = await open();
    const writing = Promise.all(Array.from({ length: 30 }, () => record(database)));
    for (let round = 0; round < 5; round++) await verifyAuditChain(database);
    await writing;
    assert.equal((await verifyAuditChain(database)).sequence, 30);
  });

  async function openWithRows(count: number): Promise<Database> {
    const database = await open();
    for (let index = 0; index < count; index++) await record(database);
    return database;
  }
});

interface Recording extends Partial<Pick<AuditEntry, 'action' | 'actor' | 'outcome'>> {
  readonly organisationId?: string;
  readonly objectId?: string;
  readonly detail?: Readonly<Record<string, string>>;
}

function entryFor(objectId: string): AuditEntry {
  return {
    organisationId: null,
    actor: systemActor,
    action: 'project.changed',
    object: { kind: 'test', id: objectId },
  };
}

async function record(database: Database, recording: Recording = {}): Promise<void> {
  const { objectId = 'o', ...rest } = recording;
  await database.transaction((transaction) => recordAudit(transaction, now, { ...entryFor(objectId), ...rest }));
}

function isBroken(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.rule === 'audit-chain-broken' && message.test(error.message);
}
