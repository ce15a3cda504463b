/** Certificates in the transparency log: what the audit log tells of them comes in by the sweep, once, with the head of the chain after it. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type LogEntry, parseLogEntry } from '@signpost/protocol/updates/log-entry';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { holdCertificate, releaseCertificate, revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { loggedCertificates } from '../../../src/pki/records/logged.ts';
import { appendAll } from '../../../src/trust/log/append.ts';
import { findOpenLog, listRun } from '../../../src/trust/log/store.ts';
import { sweepAudit } from '../../../src/trust/log/sweep.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { type Desk, openDesk } from '../certificates/desk.ts';

forEachEngine((_engine, open) => {
  let desk: Desk;

  before(async () => {
    desk = await openDesk(await open());
  });

  const sweep = async () => (await sweepAudit({ ...desk.parts, logged: loggedCertificates })).appended;
  const readEntries = async (): Promise<LogEntry[]> => {
    const { query } = desk.parts.database;
    const log = await findOpenLog(query);
    assert.ok(log);
    assert.equal(log.checkpoint_size, log.size);
    const rows = await listRun(query, { log: log.id, start: 0, count: log.size });
    return rows.map(({ entry }) => parseLogEntry(new TextEncoder().encode(entry)));
  };

  test('without a log there is nothing to sweep into', async () => {
    assert.equal(await sweep(), 0);
  });

  test('certificates, of authorities too, come in with their issuers, and then the head of the audit chain', async () => {
    await openLog({ ...desk.parts, baseUrl: undefined });
    const { row, issuer } = await issueOne(desk);
    assert.equal(await sweep(), 4);
    const entries = await readEntries();
    assert.deepEqual(
      entries.map(({ type, organisation }) => `${type} ${organisation}`),
      ['certificate default', 'certificate default', 'certificate default', 'audit-head default'],
    );
    const { serial, fingerprint: sha256 } = row;
    const logged = { type: 'certificate', organisation: 'default', issuer, serial, sha256 };
    assert.ok(entries.some((entry) => JSON.stringify(entry) === JSON.stringify(logged)));
    const head = await verifyAuditChain(desk.parts.database);
    const last = { type: 'audit-head', organisation: 'default', sequence: head.sequence, sha256: head.hash };
    assert.deepEqual(entries.at(-1), last);
  });

  test('where nothing happened nothing comes in, and nothing twice', async () => {
    const before = await readEntries();
    assert.equal(await sweep(), 0);
    assert.deepEqual(await readEntries(), before);
  });

  test('what is revoked or on hold comes in with reason and time', async () => {
    const { parts, caller } = desk;
    const [revoked, held, released] = [await issueOne(desk), await issueOne(desk), await issueOne(desk)];
    await sweep();
    const before = await readEntries();
    await revokeCertificate(parts, caller, { id: revoked.row.id, reason: 'keyCompromise' });
    await holdCertificate(parts, caller, held.row.id);
    await holdCertificate(parts, caller, released.row.id);
    await releaseCertificate(parts, caller, released.row.id);
    assert.equal(await sweep(), 3);
    const added = (await readEntries()).slice(before.length);
    assert.deepEqual(added.slice(0, -1), [
      {
        ...{ type: 'revocation', organisation: 'default', issuer: revoked.issuer, serial: revoked.row.serial },
        ...{ reason: 'keyCompromise', revokedAt: parts.now() },
      },
      {
        ...{ type: 'revocation', organisation: 'default', issuer: held.issuer, serial: held.row.serial },
        ...{ reason: 'certificateHold', revokedAt: parts.now() },
      },
    ]);
  });

  test('heads that a restore has left behind in the log keep nothing of the chain now in force out of it', async () => {
    const { organisationId } = desk.caller;
    const left = { type: 'audit-head', sequence: 5000, sha256: 'f'.repeat(64) } as const;
    await appendAll(desk.parts, [{ organisationId, entry: left }]);
    await issueOne(desk);
    assert.equal(await sweep(), 2);
    assert.equal(await sweep(), 0);
  });

  test('while the vault is locked nothing is swept, and nothing is missed afterwards', async () => {
    await issueOne(desk);
    const vault = { state: 'locked', unseal: () => assert.fail() } as const;
    const locked = await sweepAudit({ ...desk.parts, vault, logged: loggedCertificates });
    assert.deepEqual(locked, { appended: 0, isBehind: false });
    assert.equal(await sweep(), 2);
  });
});

async function issueOne({ issue, parts }: Desk) {
  const { row } = await issue();
  const { key_id: issuer } = await parts.database.query
    .selectFrom('authority')
    .select('key_id')
    .where('id', '=', row.issuer_id ?? '')
    .executeTakeFirstOrThrow();
  return { row, issuer };
}
