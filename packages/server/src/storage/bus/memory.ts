/** The bus inside one process. */
import type { Bus, Event } from '../bus.ts';

type Take = (event: Event) => void | Promise<void>;

interface Subscription {
  readonly topic: string;
  readonly take: Take;
}

/** A bus that holds nothing: an event reaches those who are subscribed when it is published. */
export function createMemoryBus(): Bus {
  const subscriptions = new Set<Subscription>();
  return {
    publish: async (event) => {
      const takers = [...subscriptions].filter((subscription) => matches(subscription.topic, event.topic));
      // One after the other, and all of them: what one refuses, the next one still gets.
      const failures: unknown[] = [];
      for (const { take } of takers) {
        await Promise.resolve(event)
          .then(take)
          .catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) {
        throw new AggregateError(
          failures,
          `expected all subscribers to take ${event.topic}, ${failures.length} did not`,
        );
      }
    },
    subscribe: (topic, take) => {
      const subscription = { topic, take };
      subscriptions.add(subscription);
      return () => {
        subscriptions.delete(subscription);
      };
    },
    close: async () => subscriptions.clear(),
  };
}

function matches(subscribed: string, topic: string): boolean {
  return subscribed === '*' || topic === subscribed || topic.startsWith(`${subscribed}.`);
}
