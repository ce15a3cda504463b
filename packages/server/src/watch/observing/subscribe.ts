/** Events after which there is something to look at before its time. */
import type { Bus } from '../../storage/bus.ts';
import type { WatchParts } from '../parts.ts';
import { requestUnverifiable } from './new-roots.ts';
import type { Observing } from './scheduler.ts';

/** Looks at once at what is watched anew, and again at what could not be verified when there are other roots. */
export function subscribeObserving(
  parts: WatchParts & { readonly observing: Pick<Observing, 'wake'> },
  bus: Bus,
): void {
  bus.subscribe('watch.source.added', () => parts.observing.wake());
  for (const topic of ['evidence_root.added', 'evidence_root.updated']) {
    bus.subscribe(topic, async ({ organisationId }) => {
      if (organisationId === null) return;
      if ((await requestUnverifiable(parts, organisationId)) > 0) parts.observing.wake();
    });
  }
}
