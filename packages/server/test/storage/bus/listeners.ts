/** Other processes that listen, as docs/bus.md tells them to; those that a failed test leaves behind leave when it has ended. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { streamName } from '../../../src/storage/bus/nats.ts';
import { notificationChannel } from '../../../src/storage/bus/postgres.ts';
import type { Event } from '../../../src/storage/bus.ts';

/** What arrives. */
export type Arrived = Pick<Event, 'id' | 'topic' | 'payload'> & { readonly position: number };

/** Somebody who listens, keeps the place, and passes over ids that were there before. */
export interface Listener {
  readonly arrived: Arrived[];
  /** How often something came that had been there. */
  repeated(): number;
  leave(): Promise<void>;
}

/** What was there, also for whoever listens next in the same name. */
export interface Memory {
  readonly name: string;
  readonly arrived: Arrived[];
  repeated: number;
}

/** The memory of somebody who has heard nothing yet. */
export function createMemory(): Memory {
  return { name: `listener-${randomUUID()}`, arrived: [], repeated: 0 };
}

function remember(memory: Memory, event: Arrived): void {
  if (memory.arrived.some(({ id }) => id === event.id)) memory.repeated += 1;
  else memory.arrived.push(event);
}

/** By notifications: what comes after the last position is read with each, and by the clock. */
export async function listenToPostgres(t: TestContext, url: string, memory: Memory): Promise<Listener> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  t.after(() => client.end());
  await client.connect();
  let reading = Promise.resolve();
  const read = () => {
    reading = reading.then(async () => {
      const after = memory.arrived.at(-1)?.position ?? 0;
      const { rows } = await client.query(
        'select event, position from bus_event where position > $1 order by position',
        [after],
      );
      for (const { event, position } of rows) remember(memory, { ...JSON.parse(event), position: Number(position) });
    });
    reading = reading.catch(() => undefined);
  };
  client.on('notification', read);
  await client.query(`listen ${notificationChannel}`);
  read();
  return {
    arrived: memory.arrived,
    repeated: () => memory.repeated,
    leave: async () => {
      await reading;
      await client.end();
    },
  };
}

/** By a durable consumer: JetStream keeps the place, and gives again what was not acknowledged. */
export async function listenToNats(t: TestContext, url: string, memory: Memory): Promise<Listener> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  t.after(() => connection.close());
  const manager = await jetstreamManager(connection);
  await manager.consumers.add(streamName, {
    ...{ durable_name: memory.name, ack_policy: AckPolicy.Explicit },
  });
  const consumer = await jetstream(connection).consumers.get(streamName, memory.name);
  const messages = await consumer.consume();
  const reading = (async () => {
    for await (const message of messages) {
      remember(memory, message.json());
      message.ack();
    }
  })().catch(() => undefined);
  return {
    arrived: memory.arrived,
    repeated: () => memory.repeated,
    leave: async () => {
      // The server has heard of it before it may give anything to whoever comes next: closing alone does not wait for that.
      await messages.close();
      await reading;
      await connection.drain();
    },
  };
}
