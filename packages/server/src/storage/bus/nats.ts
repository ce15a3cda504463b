/** NATS JetStream as the outer bus: one stream of files, each event once by its id (Nats-Msg-Id). */
import { JetStreamApiError, type JetStreamClient, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { CarriedEvent, OuterBus } from './outer-bus.ts';

/** Where NATS is, and as whom to be there. */
export interface NatsPlace {
  /** `nats://host:port` or `tls://host:port`; several may be given. */
  readonly servers: readonly string[];
  /** What a file of credentials holds (JWT and seed); undefined where nobody asks. */
  readonly credentials: string | undefined;
}

/** The stream, and what stands before the topic in subjects. */
export const streamName = 'SIGNPOST';
const subjectPrefix = 'signpost.event';

const dayMs = 86_400_000;
const timeoutMs = 5000;
/** Within this time an event that is given again is not stored again. */
const duplicateWindowMs = 3_600_000;
const streamNotFound = 10_059;

interface Link {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  /** Whether the stream was made by this link. */
  readonly isNew: boolean;
}

/** Carries events to NATS. Connects when it is first used and again after each failure; nothing waits for NATS but what is for others. */
export function createNatsBus(place: NatsPlace): OuterBus {
  let link: Link | undefined;
  let opening: Promise<Link> | undefined;
  const drop = async () => {
    const { connection } = link ?? {};
    link = undefined;
    await connection?.close();
  };
  return {
    open: async () => {
      if (link && !link.connection.isClosed()) return 'kept';
      // Who asks meanwhile waits for the same link: a second one would have nobody to close it.
      opening ??= openLink(place).finally(() => {
        opening = undefined;
      });
      link = await opening;
      return link.isNew ? 'lost' : 'kept';
    },
    carry: async (events) => {
      if (!link) throw new TypeError('expected an open bus');
      try {
        for (const event of events) await publish(link.client, event);
      } catch (error) {
        // A stream that is gone shows when the next link looks for it.
        await drop();
        throw error;
      }
    },
    close: async () => {
      // What is being opened is closed as well: whoever asked for it has taken it by then.
      await opening?.catch(() => undefined);
      await drop();
    },
  };
}

async function openLink({ servers, credentials }: NatsPlace): Promise<Link> {
  const connection = await connect({
    ...{ servers: [...servers], name: 'signpost', timeout: timeoutMs, reconnect: false },
    ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) }),
  });
  try {
    const isNew = await ensureStream(connection);
    return { connection, client: jetstream(connection, { timeout: timeoutMs }), isNew };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Makes the stream unless there is one, which stays as its operator wants it. */
async function ensureStream(connection: NatsConnection): Promise<boolean> {
  const { streams } = await jetstreamManager(connection, { timeout: timeoutMs });
  try {
    await streams.info(streamName);
    return false;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error;
  }
  await streams.add({
    ...{ name: streamName, subjects: [`${subjectPrefix}.>`], storage: StorageType.File },
    ...{ max_age: nanos(7 * dayMs), duplicate_window: nanos(duplicateWindowMs) },
  });
  return true;
}

async function publish(client: JetStreamClient, { id, topic, text }: CarriedEvent): Promise<void> {
  await client.publish(`${subjectPrefix}.${topic}`, text, { msgID: id });
}
