/** Figures of channel keys for Prometheus. */
import { Gauge, type Registry } from 'prom-client';
import type { ChannelKeys } from './channel-keys.ts';

/** Registers how long the keys in use have signed, and for how many organisations nothing can be signed. */
export function registerChannelKeyMetrics(registry: Registry, keys: Pick<ChannelKeys, 'survey'>): void {
  new Gauge({
    name: 'signpost_push_key_age_seconds',
    help: 'How long the oldest channel key in use has signed; 0 without one',
    registers: [registry],
    collect() {
      this.set(keys.survey().oldestMs / 1000);
    },
  });
  new Gauge({
    name: 'signpost_push_unsigned_organisations',
    help: 'Organisations that somebody listens to and nothing can be signed for, by reason',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      const { failures } = keys.survey();
      for (const reason of ['push-not-vouched', 'vault-locked'] as const) {
        this.set({ reason }, failures.filter((failure) => failure === reason).length);
      }
    },
  });
}
