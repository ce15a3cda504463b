/** The figures of the push plane; never by client. */
import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';

/** How somebody listens. */
export type Transport = 'sse' | 'ws' | 'poll';

/** What is counted while the plane runs. */
export class PushMetrics {
  readonly #frames = new Counter({
    name: 'signpost_push_frames_total',
    help: 'Frames put into the logs, by type (those of applications together)',
    labelNames: ['type'],
    registers: [],
  });
  readonly #deliveries = new Counter({
    name: 'signpost_push_deliveries_total',
    help: 'Frames written to connections',
    registers: [],
  });
  readonly #appendSeconds = new Histogram({
    name: 'signpost_push_append_seconds',
    help: 'Time from an event to its durable frame',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [],
  });
  readonly #ends = new Counter({
    name: 'signpost_push_ended_total',
    help: 'Connections that the server ended, by reason',
    labelNames: ['reason'],
    registers: [],
  });
  readonly #lagging = new Counter({
    name: 'signpost_push_lagging_total',
    help: 'Times that a listener was moved from the live stream to catching up',
    registers: [],
  });
  readonly #resumed = new Counter({
    name: 'signpost_push_resumed_total',
    help: 'Times that a listener reached the live stream',
    registers: [],
  });
  readonly #limited = new Counter({
    name: 'signpost_push_limited_total',
    help: 'Times that a limit was hit, by connections, by keys and frames of clients, and by clients that do not read',
    labelNames: ['limit'],
    registers: [],
  });
  readonly #authFailures = new Counter({
    name: 'signpost_push_auth_failures_total',
    help: 'Subscriptions refused because of who asked',
    registers: [],
  });
  readonly #refusedFrames = new Counter({
    name: 'signpost_push_refused_frames_total',
    help: 'Messages of clients that were refused, by reason',
    labelNames: ['reason'],
    registers: [],
  });
  readonly #replays = new Counter({
    name: 'signpost_push_replays_total',
    help: 'Frames of clients that had been shown before',
    registers: [],
  });
  readonly #acknowledged = new Counter({
    name: 'signpost_push_acknowledged_total',
    help: 'Acknowledgements of clients',
    registers: [],
  });
  readonly #keys = new Counter({
    name: 'signpost_push_keys_total',
    help: 'Requests for session keys, by result',
    labelNames: ['result'],
    registers: [],
  });

  /** Puts the figures, and `gauges`, which are asked when somebody looks, into a registry. */
  register(registry: Registry, gauges: PushGauges): void {
    const figures: readonly Metric[] = [
      ...[this.#frames, this.#deliveries, this.#appendSeconds, this.#ends, this.#lagging, this.#resumed],
      ...[this.#limited, this.#authFailures, this.#refusedFrames, this.#replays, this.#acknowledged, this.#keys],
      ...createGauges(gauges),
    ];
    for (const figure of figures) registry.registerMetric(figure);
  }

  /** A frame was put into a log, so long after what it tells of. */
  countFrame(type: string, seconds: number): void {
    this.#frames.inc({ type: type.startsWith('app.') ? 'app' : type });
    this.#appendSeconds.observe(seconds);
  }

  countDeliveries(frames: number): void {
    this.#deliveries.inc(frames);
  }

  countEnd(reason: string): void {
    this.#ends.inc({ reason });
  }

  countLagging(): void {
    this.#lagging.inc();
  }

  countResumed(): void {
    this.#resumed.inc();
  }

  countLimited(limit: string): void {
    this.#limited.inc({ limit });
  }

  countAuthFailure(): void {
    this.#authFailures.inc();
  }

  countRefusedFrame(reason: string): void {
    this.#refusedFrames.inc({ reason });
    if (reason === 'replayed') this.#replays.inc();
  }

  countAcknowledged(): void {
    this.#acknowledged.inc();
  }

  /** Runs what issues a key, and counts whether it did; throws what it throws. */
  async countKey<T>(issue: () => Promise<T>): Promise<T> {
    let result = 'refused';
    try {
      const key = await issue();
      result = 'issued';
      return key;
    } finally {
      this.#keys.inc({ result });
    }
  }
}

/** What the plane knows of itself at any moment. */
export interface PushGauges {
  readonly countListeners: (transport: Transport) => number;
  readonly countCatchingUp: () => number;
  /** Bytes that were written to connections and have not left the process. */
  readonly measureBuffers: () => number;
  readonly countWaitingEvents: () => number;
  /** How long the oldest event has waited to be put into a log. */
  readonly measureLagSeconds: () => number;
}

function createGauges(gauges: PushGauges): Gauge[] {
  const listeners = new Gauge({
    name: 'signpost_push_listeners',
    help: 'Connections that listen, by transport',
    labelNames: ['transport'],
    registers: [],
    collect() {
      for (const transport of ['sse', 'ws', 'poll'] as const) this.set({ transport }, gauges.countListeners(transport));
    },
  });
  const simple = [
    ['signpost_push_catching_up', 'Connections that are fed from the log', gauges.countCatchingUp],
    ['signpost_push_buffer_bytes', 'Bytes written to connections that have not left', gauges.measureBuffers],
    ['signpost_push_waiting_events', 'Events that wait to be put into a log', gauges.countWaitingEvents],
    ['signpost_push_lag_seconds', 'How long the oldest of them has waited', gauges.measureLagSeconds],
  ] as const;
  return [
    listeners,
    ...simple.map(
      ([name, help, measure]) =>
        new Gauge({
          ...{ name, help, registers: [] },
          collect() {
            this.set(measure());
          },
        }),
    ),
  ];
}
