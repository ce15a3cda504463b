/** A process that issues, revokes, publishes, tells and repairs until it is killed, and says what it was told is done: `loop.ts LOCATION ROUND`. */
import { argv, stdout } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { requireAuthority } from '../../../src/pki/authorities/authority.ts';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { recordListNotices } from '../../../src/pki/revocation/expiry.ts';
import { orderPublication } from '../../../src/pki/revocation/root.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import { rootPassphrase } from '../scene.ts';
import { damageOf, joinSiege, siegeTime } from './place.ts';

const [, , location = '{}', round = '0'] = argv;
const database = await openDatabase(JSON.parse(location), { create: false });
const { parts, caller, repair } = await joinSiege(database);
const { id: issuing } = await requireAuthority(database.query, caller.organisationId, 'issuing');
const dayMs = 86_400_000;
const damagedName = 'damaged';

const say = (act: string, id: string) => stdout.write(`${act} ${id}\n`);

async function issueAndRevoke(count: number): Promise<void> {
  await delay(30);
  const { row } = await issueCertificate(parts, caller, {
    ...{ authority: 'issuing', profile: 'server', source: 'form', key: { kind: 'server', label: 'ecdsa-p256' } },
    names: [{ kind: 'dns', text: `host-${round}-${count}.example` }],
  });
  say('issued', row.id);
  if (count % 2 === 1) return;
  await revokeCertificate(parts, caller, { id: row.id, reason: 'superseded' });
  say('revoked', row.id);
}

/** A list of the root anew, of which each distance is told once. */
async function tell(count: number): Promise<void> {
  await orderPublication(parts, caller, { authority: 'root', passphrase: rootPassphrase });
  for (const day of [160, 170, 175, 179.5, 181]) {
    await recordListNotices({ database, now: () => siegeTime + day * dayMs });
    say('told', `${count}-${day}`);
  }
}

/** Damages two columns of a certificate each, and of a list; a list may be followed by the next before it is repaired. */
async function damageAndRepair(count: number): Promise<void> {
  const { query } = database;
  const first = await query.selectFrom('certificate').select('id').orderBy('id').limit(6).execute();
  await database.transaction(async (tx) => {
    // What a process before this one damaged and did not repair is damaged once.
    const sound = await tx
      .updateTable('certificate')
      .set({ common_name: damagedName, not_after: sql<number>`not_after + 1` })
      .where('common_name', '<>', damagedName)
      .where(
        'id',
        'in',
        first.map(({ id }) => id),
      )
      .returning('id')
      .execute();
    if (sound.length === 0) return;
    await damageOf(tx)
      .insertInto('siege_damage')
      .values(sound.map(({ id }) => ({ certificate_id: id, count: 1 })))
      .onConflict((on) => on.column('certificate_id').doUpdateSet({ count: sql<number>`siege_damage.count + 1` }))
      .execute();
  });
  const lists = query.updateTable('revocation_list').where('kind', '=', 'complete');
  if (count % 2 === 0) await lists.set({ entries: 9999 }).execute();
  // Bytes that are no list are taken away, and the next list is made; that of a root waits for its passphrase.
  else await lists.set({ der: 'AAAA' }).where('authority_id', '=', issuing).execute();
  await repair(true);
  say('repaired', String(count));
  await parts.publisher.refresh();
}

async function repeat(act: (count: number) => Promise<void>, times = Number.POSITIVE_INFINITY): Promise<void> {
  for (let count = 0; count < times; count += 1) await act(count);
}

// Few certificates, since each check reads them all; and a root is opened by its passphrase ten times a minute at most.
await Promise.all([repeat(issueAndRevoke, 20), repeat(tell, 9), repeat(damageAndRepair)]);
