/** Events for other processes: each arrives, in order and once for whoever passes over known ids, however often the bus is away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, suite, type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';
import { type Forwarder, measureWaiting, startForwarder } from '../../../src/storage/bus/forwarder.ts';
import { createMemoryBus } from '../../../src/storage/bus/memory.ts';
import { createNatsBus } from '../../../src/storage/bus/nats.ts';
import type { OuterBus } from '../../../src/storage/bus/outer-bus.ts';
import { createPostgresBus } from '../../../src/storage/bus/postgres.ts';
import type { Event } from '../../../src/storage/bus.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { migrate } from '../../../src/storage/migrations/migrate.ts';
import { recordEvent, startRelay } from '../../../src/storage/outbox.ts';
import { silentLog } from '../../silent-log.ts';
import { forEachEngine } from '../engines.ts';
import { type Arrived, createMemory, type Listener, listenToNats, listenToPostgres, type Memory } from './listeners.ts';
import { hasNats, NatsServer } from './nats-server.ts';

/** A server with a bus for others, as `generation.ts` puts it together. */
interface Sender {
  readonly forwarder: Forwarder;
  /** What the planes of the server itself have heard. */
  readonly heard: string[];
  happen(count: number): Promise<string[]>;
  stop(): Promise<void>;
}

/** Is stopped after the test in any case: what a failed test left open would take what is meant for the next ones, and keep this process alive. */
function openSender(t: TestContext, database: Database, outer: OuterBus): Sender {
  const now = () => Date.now();
  const bus = createMemoryBus();
  const heard: string[] = [];
  const forwarder = startForwarder({ database, outer, now, log: silentLog });
  bus.subscribe('*', forwarder.take);
  bus.subscribe('*', ({ id }) => void heard.push(id));
  const relay = startRelay({ database, bus, now, log: silentLog });
  const stop = async () => {
    await relay.stop();
    await forwarder.stop();
  };
  t.after(stop);
  return {
    ...{ forwarder, heard, stop },
    happen: async (count) => {
      const events = Array.from({ length: count }, (_, n) => createEvent(n));
      await database.transaction(async (tx) => {
        for (const event of events) await recordEvent(tx, event);
      });
      await relay.drain();
      return events.map(({ id }) => id);
    },
  };
}

function createEvent(n: number): Event {
  return { id: createId(Date.now()), organisationId: 'o', topic: 'release.activated', payload: { n }, at: Date.now() };
}

function waitFor(holds: () => boolean | Promise<boolean>): Promise<void> {
  return waitUntil('it to happen', holds);
}

/** What any bus for others must keep. */
interface Trial {
  readonly database: () => Database;
  readonly createBus: () => OuterBus;
  readonly listen: (t: TestContext, memory: Memory) => Promise<Listener>;
}

function tryBus({ database, createBus, listen }: Trial): void {
  const begin = async (t: TestContext) => {
    await database().query.deleteFrom('outbox').execute();
    const sender = openSender(t, database(), createBus());
    // The bus is open, and has carried what the test before left.
    await sender.forwarder.drain();
    const memory = createMemory();
    const listener = await listen(t, memory);
    // What tests before have left arrives first.
    const [mark] = await sender.happen(1);
    await waitFor(() => memory.arrived.some(({ id }) => id === mark));
    const start = memory.arrived.length;
    return { sender, memory, listener, fresh: () => memory.arrived.slice(start) };
  };
  const idsOf = (arrived: readonly Arrived[]) => arrived.map(({ id }) => id);

  test('what happens arrives, in order, with positions that leave nothing out', async (t) => {
    const { sender, listener, fresh } = await begin(t);
    const ids = await sender.happen(30);
    await waitFor(() => fresh().length >= 30);
    assert.deepEqual(idsOf(fresh()), ids);
    const [first] = fresh();
    assert.deepEqual([first?.topic, first?.payload], ['release.activated', { n: 0 }]);
    const positions = fresh().map(({ position }) => position);
    assert.deepEqual(
      positions,
      positions.map((_, index) => (first?.position ?? 0) + index),
    );
    assert.deepEqual(await measureWaiting(database()), { count: 0, oldest: undefined });
    await listener.leave();
    await sender.stop();
  });

  test('who was away reads on from where it was', async (t) => {
    const { sender, memory, listener, fresh } = await begin(t);
    const first = await sender.happen(3);
    await waitFor(() => fresh().length >= 3);
    await listener.leave();
    const missed = await sender.happen(3);
    await sender.forwarder.drain();
    const again = await listen(t, memory);
    await waitFor(() => fresh().length >= 6);
    assert.deepEqual(idsOf(fresh()), [...first, ...missed]);
    await again.leave();
    await sender.stop();
  });

  test('what a crash left unnoted is given again, and arrives once', async (t) => {
    const { sender, listener, fresh } = await begin(t);
    const ids = await sender.happen(5);
    await waitFor(() => fresh().length >= 5);
    await sender.stop();
    // Killed after the bus had them, before the note: for the forwarder, and for the relay before it.
    await database().query.updateTable('bus_event').set({ carried_at: null }).where('id', 'in', ids).execute();
    await database().query.updateTable('outbox').set({ published_at: null }).where('id', 'in', ids).execute();
    const next = openSender(t, database(), createBus());
    const more = await next.happen(2);
    await waitFor(() => fresh().length >= 7);
    assert.deepEqual(idsOf(fresh()), [...ids, ...more]);
    assert.deepEqual(new Set(next.heard), new Set([...ids, ...more]));
    await listener.leave();
    await next.stop();
  });
}

forEachEngine((engine, _open, locate) => {
  if (engine !== 'PostgreSQL') return;
  let database: Database;
  let url = '';
  before(async () => {
    const location = await locate();
    url = location.databaseUrl ?? '';
    database = await openDatabase(location, { create: true });
    await migrate(database);
  });
  after(() => database.close());
  tryBus({
    database: () => database,
    createBus: () => createPostgresBus(database),
    listen: (t, memory) => listenToPostgres(t, url, memory),
  });

  test('a listener whose connection was cut misses nothing', async (t) => {
    const sender = openSender(t, database, createPostgresBus(database));
    const memory = createMemory();
    const listener = await listenToPostgres(t, url, memory);
    await sender.happen(3);
    // Other files of tests have databases of the same server.
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
      and (query like 'listen %' or query like 'select event%')`.execute(database.query);
    await sender.happen(3);
    await listener.leave().catch(() => undefined);
    const again = await listenToPostgres(t, url, memory);
    const last = await database.query
      .selectFrom('bus_event')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirst();
    await waitFor(() => again.arrived.length >= Number(last?.n));
    assert.equal(again.repeated(), 0);
    await again.leave();
    await sender.stop();
  });
});

suite('NATS', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
  forEachEngine((engine, open) => {
    if (engine !== 'SQLite') return;
    let database: Database;
    let nats: NatsServer;
    before(async () => {
      database = await open();
      nats = await NatsServer.start();
    });
    after(() => nats.stop());
    const createBus = () => createNatsBus({ servers: [nats.url], credentials: undefined });
    tryBus({ database: () => database, createBus, listen: (t, memory) => listenToNats(t, nats.url, memory) });

    test('who opens it twice at once has one connection, which is gone when it is closed', async (t) => {
      const open = new Set<Socket>();
      let count = 0;
      const relay = createServer((socket) => {
        const onward = connect(Number(new URL(nats.url).port), '127.0.0.1');
        count += 1;
        for (const end of [socket, onward]) {
          open.add(end.on('error', () => undefined).on('close', () => open.delete(end)));
        }
        socket.pipe(onward).pipe(socket);
      }).listen(0, '127.0.0.1');
      t.after(() => relay.close());
      await once(relay, 'listening');
      const { port } = relay.address() as AddressInfo;
      const bus = createNatsBus({ servers: [`nats://127.0.0.1:${port}`], credentials: undefined });
      await Promise.all([bus.open(), bus.open()]);
      assert.equal(count, 1);
      void bus.close();
      await waitFor(() => open.size === 0);
      const opened = bus.open();
      await bus.close();
      await opened;
      await waitFor(() => count === 2 && open.size === 0);
    });

    test('while it is away the server goes on, says so, and loses nothing', async (t) => {
      const sender = openSender(t, database, createBus());
      await sender.forwarder.drain();
      await nats.kill();
      // Nothing needs to happen for that to be seen.
      await waitFor(() => !sender.forwarder.isWell());
      const ids = await sender.happen(4);
      assert.deepEqual(sender.heard, ids);
      assert.equal((await measureWaiting(database)).count, 4);
      await nats.resume();
      await waitFor(() => sender.forwarder.isWell());
      const listener = await listenToNats(t, nats.url, createMemory());
      await waitFor(() => ids.every((id) => listener.arrived.some((event) => event.id === id)));
      assert.equal(listener.repeated(), 0);
      await listener.leave();
      await sender.stop();
    });

    test('when it has lost what it had, everything that is kept goes out again', async (t) => {
      const sender = openSender(t, database, createBus());
      const ids = await sender.happen(2);
      await sender.forwarder.drain();
      await nats.wipe();
      await nats.resume();
      await sender.happen(1);
      await waitFor(async () => sender.forwarder.isWell() && (await measureWaiting(database)).count === 0);
      const listener = await listenToNats(t, nats.url, createMemory());
      const { n } = await database.query
        .selectFrom('bus_event')
        .select(({ fn }) => fn.countAll().as('n'))
        .executeTakeFirstOrThrow();
      await waitFor(() => listener.arrived.length >= Number(n));
      assert.ok(ids.every((id) => listener.arrived.some((event) => event.id === id)));
      await listener.leave();
      await sender.stop();
    });
  });
});
