/** What is due is looked at; a past is learned in its order; nobody waits for ever, and nothing is asked twice. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type KyselyPlugin, sql } from 'kysely';
import { fingerprintOf } from '../../../src/watch/findings/raise.ts';
import { findByFingerprint, listFindings } from '../../../src/watch/findings/store.ts';
import { readBaseline } from '../../../src/watch/learning/baseline.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { findLine } from '../../../src/watch/observations/store.ts';
import { requestUnverifiable } from '../../../src/watch/observing/new-roots.ts';
import { createObserving, type Observing } from '../../../src/watch/observing/scheduler.ts';
import { hasten, insertRequest, listDue, listRequests, takeLease } from '../../../src/watch/observing/store.ts';
import { findSchedule } from '../../../src/watch/recording/store.ts';
import { addSource } from '../../../src/watch/sources/source.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { hour, keyless } from '../drift/scene.ts';
import { contentOf, type Desk, day, openDesk, start } from '../recording/desk.ts';
import { away, listingOf, readAll, ScriptedReader, show, versionOf } from './scripted-reader.ts';

forEachEngine((name, open) => {
  const database = open();
  const closers: (() => Promise<void>)[] = [];
  after(async () => {
    for (const close of closers) await close();
  });
  let count = 0;

  /** A watch with a reader by hand: `look` moves the clock and looks at all that is due. */
  async function openWatch(differs: { readonly concurrency?: number; readonly isSlow?: boolean } = {}) {
    // Others of the same database are not due here.
    await (await database).query.updateTable('watch_schedule').set({ due_at: Number.MAX_SAFE_INTEGER }).execute();
    const desk = await openDesk(await database, `observing-${++count}`);
    const reader = new ScriptedReader();
    /** Answers nothing before all looks have ended that run by then. */
    const slowly: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        while (observing.figures().running > 0 && 'waiting' in (result.rows[0] ?? {})) await setImmediate();
        return result;
      },
    };
    const parts = {
      ...{ database: desk.database, random: () => 0, log: silentLog, concurrency: differs.concurrency ?? 4 },
      readers: readAll(reader),
    };
    let at = start + 10 * day;
    const startOne = () => {
      const { database: own } = parts;
      const database = differs.isSlow ? { ...own, query: own.query.withPlugin(slowly) } : own;
      const observing = createObserving({ ...parts, database, now: () => at });
      closers.push(() => observing.stop());
      return observing;
    };
    const observing: Observing = startOne();
    return {
      ...{ desk, reader, observing, startOne },
      now: () => at,
      look: async (ms = 0) => {
        at += ms;
        reader.asked.length = 0;
        await observing.drain();
        return [...reader.asked];
      },
      schedule: async (id = desk.source.id) => (await findSchedule(desk.database.query, id)) ?? assert.fail(),
    };
  }

  const add = (desk: Desk, reference: string) =>
    addSource({ database: desk.database, now: () => start }, desk.caller, {
      ...{ reference, rules: learningPresets.usual, isDevelopment: false },
    });

  test('the past is observed on the first look, the oldest first, and the line is established by it', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2, 3], 'etag-1');
    assert.deepEqual(await watch.look(), ['list oci:ghcr.io/org/app', '1.0.1', '1.0.2', '1.0.3']);
    const line = await findLine(watch.desk.database.query, watch.desk.source.id, '1');
    assert.equal((await readBaseline(watch.desk.database.query, line ?? 0))?.revision.state, 'established');
    const { due_at, interval_ms, validators, lease_until } = await watch.schedule();
    assert.deepEqual([validators, lease_until, interval_ms], ['etag-1', null, 7.5 * 60_000]);
    assert.equal(due_at, watch.now() + 7.5 * 60_000);
  });

  if (name === 'SQLite') {
    test('a watch that can write nothing down for a minute is stalled, until it can', async () => {
      const watch = await openWatch();
      const { query } = watch.desk.database;
      watch.reader.listing = listingOf([1], 'etag-1');
      await sql`pragma query_only = 1`.execute(query);
      await assert.rejects(watch.look(), /readonly/);
      assert.equal(watch.observing.state(), 'ok', 'a moment is nothing');
      await assert.rejects(watch.look(60_000), /readonly/);
      assert.equal(watch.observing.state(), 'stalled');
      await sql`pragma query_only = 0`.execute(query);
      assert.deepEqual(await watch.look(), ['list oci:ghcr.io/org/app', '1.0.1']);
      assert.equal(watch.observing.state(), 'ok');
    });
  }

  test('what is listed as before is not observed again, and is looked at less and less often', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2, 3], 'etag-1');
    await watch.look();
    assert.deepEqual(await watch.look(7 * 60_000), []);
    watch.reader.listing = { kind: 'unchanged' };
    assert.deepEqual(await watch.look(60_000), ['list oci:ghcr.io/org/app']);
    assert.deepEqual(watch.reader.validators, [undefined, 'etag-1']);
    const { interval_ms, validators } = await watch.schedule();
    assert.deepEqual([interval_ms, validators], [7.5 * 1.25 * 60_000, 'etag-1']);
    watch.reader.listing = listingOf([1, 2, 3, 4], 'etag-2');
    assert.deepEqual(await watch.look(hour), ['list oci:ghcr.io/org/app', '1.0.4']);
  });

  test('a source that has more names than are read is told, until it has not', async () => {
    const watch = await openWatch();
    const whole = { kind: 'listed', artifacts: [versionOf(1)] } as const;
    const { database: own, caller, source } = watch.desk;
    const fingerprint = fingerprintOf('baseline.quota', `the names of ${source.key}`);
    const find = () => findByFingerprint(own.query, { organisationId: caller.organisationId, fingerprint });
    watch.reader.listing = whole;
    await watch.look();
    assert.equal(await find(), undefined);
    watch.reader.listing = { ...whole, isCapped: true };
    await watch.look(hour);
    await watch.look(hour);
    assert.equal((await find())?.state, 'open');
    watch.reader.listing = whole;
    await watch.look(hour);
    assert.equal((await find())?.state, 'resolved');
  });

  test('after a day the whole is listed again, and the newest are looked at again', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf(
      Array.from({ length: 25 }, (_, index) => index + 1),
      'etag-1',
    );
    await watch.look();
    const asked = await watch.look(25 * hour);
    assert.deepEqual(watch.reader.validators, [undefined, undefined]);
    assert.deepEqual([asked.length, asked[1], asked.at(-1)], [21, '1.0.6', '1.0.25']);
  });

  test('a version whose listing names other content, and a tag that may have moved, are observed', async () => {
    const watch = await openWatch();
    const latest = { names: { tag: 'latest' }, line: 'release', isDefault: true, publishedAt: start };
    watch.reader.listing = { kind: 'listed', artifacts: [latest, versionOf(2), versionOf(1)] };
    await watch.look();
    watch.reader.listing = {
      kind: 'listed',
      artifacts: [latest, versionOf(2, { content: contentOf(22) }), versionOf(1)],
    };
    assert.deepEqual(await watch.look(hour), ['list oci:ghcr.io/org/app', '1.0.2', 'latest']);
  });

  test('a source that does not answer is asked less and less often, and that is told', async () => {
    const watch = await openWatch();
    watch.reader.listing = away;
    const pauses = [];
    for (let tries = 0; tries < 4; tries += 1) {
      await watch.look(tries === 0 ? 0 : hour);
      pauses.push((await watch.schedule()).due_at - watch.now());
    }
    assert.deepEqual(pauses, [60_000, 120_000, 240_000, 480_000]);
    const { organisationId } = watch.desk.caller;
    const fingerprint = fingerprintOf('observation.blind', 'oci:ghcr.io/org/app');
    const find = () => findByFingerprint(watch.desk.database.query, { organisationId, fingerprint });
    assert.equal((await find())?.state, 'open');
    assert.equal((await watch.schedule()).unknown_reason, 'status 503');
    watch.reader.listing = listingOf([]);
    await watch.look(hour);
    assert.deepEqual([(await find())?.state, (await watch.schedule()).failures], ['resolved', 0]);
  });

  test('a host that asks for silence gets it for all of its sources, while others are looked at', async () => {
    const watch = await openWatch({ concurrency: 1 });
    const [second, other] = [await add(watch.desk, 'ghcr.io/org/second'), await add(watch.desk, 'quay.io/org/other')];
    watch.reader.listing = { ...away, retryAfterMs: 2 * hour };
    assert.deepEqual(await watch.look(), ['list oci:ghcr.io/org/app', `list ${other.key}`]);
    assert.equal((await watch.schedule()).due_at, watch.now() + 2 * hour);
    assert.deepEqual(await watch.look(hour), []);
    assert.ok((await watch.look(hour)).includes(`list ${second.key}`));
  });

  test('what was asked for is looked at at once, and first', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2, 3], 'etag-1');
    await watch.look();
    const wish = (label: string, content: string) =>
      watch.desk.database.transaction((tx) =>
        insertRequest(tx, { sourceId: watch.desk.source.id, label, content, now: watch.now() }),
      );
    await wish('1.0.2', '');
    await wish('nightly', '');
    await wish('', contentOf(77));
    await hasten(watch.desk.database.query, watch.desk.source.id, 0);
    watch.reader.listing = listingOf([1, 2, 3, 4], 'etag-2');
    assert.deepEqual(await watch.look(2 * hour), [
      ...['list oci:ghcr.io/org/app', '1.0.2', 'nightly', contentOf(77), '1.0.4'],
    ]);
    assert.deepEqual(await listRequests(watch.desk.database.query, watch.desk.source.id, watch.now()), []);
  });

  test('what could not be verified is looked at again when other roots are there, and nothing else', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2, 3], 'etag-1');
    const old = show(versionOf(2));
    const signatures = [keyless(undefined, { outcome: 'unverifiable', reason: 'certificate_untrusted' })];
    watch.reader.seen.set('1.0.2', { ...old, facts: { ...old.facts, signatures } });
    await watch.look();
    const { database, caller, source } = watch.desk;
    await watch.look(2 * hour);
    assert.deepEqual(await watch.look(1), []);
    watch.reader.seen.clear();
    assert.equal(
      await requestUnverifiable({ database, now: watch.now }, caller.organisationId, 0),
      0,
      'no more than so many',
    );
    assert.equal(await requestUnverifiable({ database, now: watch.now }, caller.organisationId), 1);
    assert.deepEqual(await watch.look(1), [`list ${source.key}`, '1.0.2']);
    assert.equal(await requestUnverifiable({ database, now: watch.now }, caller.organisationId), 0);
    assert.deepEqual(await watch.look(), []);
  });

  test('what cannot be read is passed over, tried again, and keeps nothing after it from being seen', async () => {
    const watch = await openWatch();
    const days = Array.from({ length: 40 }, (_, index) => index + 1);
    watch.reader.listing = listingOf(days, 'etag-1');
    for (const onDay of days.slice(0, 16)) watch.reader.seen.set(`1.0.${onDay}`, away);
    await watch.look();
    assert.deepEqual([(await watch.schedule()).failures, (await watch.schedule()).skipped], [1, 0]);
    watch.reader.seen.clear();
    for (const onDay of [3, 4]) watch.reader.seen.set(`1.0.${onDay}`, away);
    await watch.look(hour);
    const { unread, validators, failures } = await watch.schedule();
    assert.deepEqual([unread, validators, failures], [2, null, 0]);
    watch.reader.seen.clear();
    assert.deepEqual(await watch.look(hour), ['list oci:ghcr.io/org/app', '1.0.3', '1.0.4']);
    assert.equal((await watch.schedule()).validators, 'etag-1');
  });

  test('one name that stays unreadable beside others is told by itself, graver with time, until it can be read', async () => {
    const watch = await openWatch();
    const { caller, database, source } = watch.desk;
    const findBlind = async (subject: string) => {
      const fingerprint = fingerprintOf('observation.blind', subject);
      const row = await findByFingerprint(database.query, { organisationId: caller.organisationId, fingerprint });
      return row && `${row.severity} ${row.state}`;
    };
    const [second, third] = [`${source.key} 1.0.2`, `${source.key} 1.0.3`];
    watch.reader.listing = listingOf([1, 2, 3, 4]);
    await watch.look();
    const isUnread = show(versionOf(2));
    watch.reader.seen.set('1.0.2', { ...isUnread, facts: { ...isUnread.facts, signatures: 'unknown' } });
    watch.reader.seen.set('1.0.3', away);
    await watch.look(day);
    assert.deepEqual([await findBlind(second), await findBlind(third)], [undefined, undefined]);
    // They are all that is due, and another one shows that it is they who are blind.
    assert.deepEqual(await watch.look(hour), [`list ${source.key}`, '1.0.2', '1.0.3', '1.0.4']);
    await watch.look(3 * hour);
    assert.deepEqual([await findBlind(second), await findBlind(third)], ['low open', 'low open']);
    await watch.look(day);
    assert.deepEqual([await findBlind(second), await findBlind(third)], ['medium open', 'medium open']);
    assert.equal(await findBlind(source.key), undefined);
    assert.equal((await watch.schedule()).unknown_since, null);
    watch.reader.seen.clear();
    watch.reader.listing = listingOf([1, 2, 4]);
    await watch.look(day);
    assert.deepEqual([await findBlind(second), await findBlind(third)], ['medium resolved', 'medium resolved']);
  });

  test('many names that stay unreadable are one finding, and a whole source is another', async () => {
    const watch = await openWatch();
    const { caller, database, source } = watch.desk;
    const listBlind = async () => {
      const found = await listFindings(database.query, { organisationId: caller.organisationId, limit: 50 });
      return found.map(({ kind, state, document }) => [kind, state, JSON.parse(document).after[0]]);
    };
    const days = Array.from({ length: 12 }, (_, index) => index + 1);
    watch.reader.listing = listingOf(days);
    for (const onDay of days.slice(0, 11)) watch.reader.seen.set(`1.0.${onDay}`, away);
    await watch.look();
    await watch.look(2 * day);
    assert.deepEqual(await listBlind(), [['observation.blind', 'open', `the names of ${source.key}`]]);
    watch.reader.seen.set('1.0.12', away);
    await watch.look(hour);
    await watch.look(2 * day);
    assert.deepEqual((await listBlind())[0], ['observation.blind', 'open', source.key]);
    watch.reader.seen.clear();
    await watch.look(day);
    assert.deepEqual(
      (await listBlind()).map(([, state]) => state),
      ['resolved', 'resolved'],
    );
  });

  test('a strange name is passed over and does not keep the others out', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2]);
    watch.reader.seen.set('1.0.1', { ...show(versionOf(1)), names: { version: 'x'.repeat(300) } });
    watch.reader.listing = {
      kind: 'listed',
      artifacts: [versionOf(2), versionOf(1), versionOf(3, { names: { version: 'a\0b' } })],
    };
    await watch.look();
    const { unread } = await watch.schedule();
    assert.equal(unread, 2);
    assert.ok(await findLine(watch.desk.database.query, watch.desk.source.id, '1'));
  });

  test('a long past is observed in turns, and others are looked at in between', async () => {
    const watch = await openWatch({ concurrency: 1 });
    const other = await add(watch.desk, 'ghcr.io/org/zebra');
    const days = Array.from({ length: 520 }, (_, index) => index + 1);
    watch.reader.listing = listingOf(days);
    watch.reader.listings.set(other.key, listingOf([]));
    const asked = await watch.look();
    const lists = asked.flatMap((name, index) => (name.startsWith('list') ? [[index, name]] : []));
    assert.deepEqual(
      lists.map(([, name]) => name),
      ['list oci:ghcr.io/org/app', `list ${other.key}`, 'list oci:ghcr.io/org/app'],
    );
    assert.equal(asked.length, 520 + 3);
  });

  test('what became due while another look ended is looked at as well, however slowly the database answers', async () => {
    const watch = await openWatch({ concurrency: 1, isSlow: true });
    const other = await add(watch.desk, 'ghcr.io/org/zebra');
    assert.deepEqual(await watch.look(), ['list oci:ghcr.io/org/app', `list ${other.key}`]);
  });

  test('of two servers one looks, and what a server dropped is taken by the other', async () => {
    const watch = await openWatch();
    const { query } = watch.desk.database;
    const [due] = await listDue(query, { now: watch.now(), awayHosts: [], limit: 1 });
    assert.ok(due);
    const hold = { now: watch.now(), until: watch.now() + 120_000, host: 'ghcr.io' };
    assert.ok(await takeLease(query, due, hold));
    assert.equal(await takeLease(query, due, hold), undefined);
    watch.reader.listing = listingOf([1]);
    assert.deepEqual(await watch.look(60_000), []);
    assert.deepEqual(await watch.look(61_000), ['list oci:ghcr.io/org/app', '1.0.1']);
  });

  test('a server that stops gives back what it looked at, and another goes on where it stood', async () => {
    const watch = await openWatch();
    watch.reader.listing = listingOf([1, 2, 3]);
    let release = () => {};
    watch.reader.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [first, stopped] = [watch.observing, watch.observing.drain()];
    while (watch.reader.asked.length === 0) await setImmediate();
    await first.stop();
    await stopped;
    assert.deepEqual([(await watch.schedule()).lease_until, (await watch.schedule()).failures], [null, 0]);
    release();
    watch.reader.asked.length = 0;
    await watch.startOne().drain();
    assert.deepEqual(watch.reader.asked, ['list oci:ghcr.io/org/app', '1.0.1', '1.0.2', '1.0.3']);
  });
});
