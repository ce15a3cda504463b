/** Telemetry: real figures of the server on the channel `system`, every minute while somebody listens. */
import { Refusal } from '../errors.ts';
import type { Admission } from './hub/admission.ts';
import type { Hub } from './hub/hub.ts';
import type { Sequencer } from './log/sequencer.ts';

/** What is told of, and by whom. */
export interface TelemetryParts {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly sequencer: Sequencer;
  readonly now: () => number;
}

const channel = 'system';

/** Tells each organisation in which somebody listens. */
export async function publishTelemetry({ hub, admission, sequencer, now }: TelemetryParts): Promise<void> {
  for (const { organisationId } of hub.feeds) {
    const listeners = [...hub.listenersOf(organisationId)];
    if (!listeners.some(({ audience }) => audience.names.includes(channel))) continue;
    const lag = sequencer.lags.get(organisationId);
    const data = {
      listeners: listeners.length,
      catching_up: listeners.filter(({ state }) => state !== 'live').length,
      waiting_events: lag?.events ?? 0,
      lag_ms: lag === undefined ? 0 : Math.max(0, now() - lag.since),
      // Of the whole server.
      ...{ connections_sse: admission.counts.sse, connections_ws: admission.counts.ws, polls: admission.counts.poll },
    };
    const draft = { channel, type: 'telemetry', data, since: now() };
    await sequencer.publish({ organisationId, draft }).catch((error: unknown) => {
      // Nothing can be signed at present: the figures of this minute are of no use later.
      if (!(error instanceof Refusal)) throw error;
    });
  }
}
