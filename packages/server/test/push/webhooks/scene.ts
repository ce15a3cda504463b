/** A server with a receiver of its webhooks, and a dispatcher that runs when it is told. */

import { webhookParts } from '../../../src/planes.ts';
import { startDispatcher } from '../../../src/push/webhooks/deliveries/dispatcher.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { recordEvent } from '../../../src/storage/outbox.ts';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { openReceiver, type Receiver } from './receiver.ts';

/** What a test has in its hands. */
export interface WebhookScene {
  readonly scene: PlanesScene;
  readonly receiver: Receiver;
  readonly manager: Credential;
  /** Asks as the manager. */
  ask(method: string, path: string, json?: unknown): Promise<Answer>;
  /** Makes a webhook to the receiver. */
  create(wish?: object): Promise<Record<string, string>>;
  /** Records an event of the default organisation, and has the relay take it to the bus. Returns its id. */
  happen(topic: string, payload: Readonly<Record<string, unknown>>): Promise<string>;
  /** Sends everything that is due. */
  deliver(): Promise<void>;
  deliveries(id: string, query?: string): Promise<readonly Record<string, unknown>[]>;
}

/** The path of the routes. */
export const path = '/api/webhooks';

/** An event that becomes a message. */
export const activation = { project: 'rocket', version: '1.0.0', channel: 'stable', counter: 1 };

/** Opens both on `database`; what ends them is added to `closers`. */
export async function openWebhookScene(database: Database, closers: (() => unknown)[]): Promise<WebhookScene> {
  const scene = await openPlanesScene(
    { after: (close) => void closers.push(close as () => unknown) },
    { database, environment: { SIGNPOST_WEBHOOK_ADDRESSES: 'any' } },
  );
  const receiver = await openReceiver();
  closers.push(() => receiver.close());
  // A session would end while the clock goes on.
  const manager = await scene.openKey(scene.home, ['manage']);
  const { now } = scene.resources;
  const ask: WebhookScene['ask'] = (method, where, json) => scene.ask(method, where, { as: manager, json });
  return {
    ...{ scene, receiver, manager, ask },
    create: async (wish = {}) => {
      const answer = await ask('POST', path, { url: `${receiver.url}/hook`, ...wish });
      if (answer.status !== 201) throw new Error(`expected a webhook, got ${answer.body}`);
      return answer.json as Record<string, string>;
    },
    happen: async (topic, payload) => {
      const id = createId(now());
      const event = { id, organisationId: scene.home.caller.organisationId, topic, payload, at: now() };
      await database.transaction((tx) => recordEvent(tx, event));
      await scene.relay.drain();
      return id;
    },
    deliver: async () => {
      // Pauses as long as they can be.
      const dispatcher = startDispatcher({ ...webhookParts(scene.resources), random: () => 1 });
      await dispatcher.drain();
      await dispatcher.stop();
      await scene.relay.drain();
    },
    deliveries: async (id, query = '') => {
      const { deliveries } = (await ask('GET', `${path}/${id}/deliveries${query}`)).json;
      return deliveries as Record<string, unknown>[];
    },
  };
}
